// IntrusiveList: a doubly linked list through a member of its elements; ready lists, LRU orders.
#pragma once

#include <cstddef>
#include <iterator>

#include "base/assert.hpp"

namespace dt::base {

/// The member that makes an object fit for a list. A linked object must stay where it is, so a
/// link cannot be copied; an object that goes away while linked leaves its list by itself.
class ListLink {
  public:
    ListLink() = default;
    ListLink(const ListLink&) = delete;
    ListLink& operator=(const ListLink&) = delete;
    ~ListLink() { unlink(); }

    [[nodiscard]] bool is_linked() const { return next_ != nullptr; }
    /// Leaves the list; nothing where it is in none.
    void unlink() {
        if (!is_linked()) return;
        prev_->next_ = next_;
        next_->prev_ = prev_;
        next_ = prev_ = nullptr;
    }

  private:
    template <class T, ListLink T::*link>
    friend class IntrusiveList;

    void link_before(ListLink& position) {
        DT_ASSERT(!is_linked());
        prev_ = position.prev_;
        next_ = &position;
        prev_->next_ = this;
        position.prev_ = this;
    }

    ListLink* prev_ = nullptr;
    ListLink* next_ = nullptr;
};

/// A list of T through `T::link`. It owns nothing; every operation takes constant time, and it
/// does not count its elements. The list itself must not move while it has elements.
template <class T, ListLink T::*link>
class IntrusiveList {
  public:
    class Iterator {
      public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::forward_iterator_tag;
        using pointer = T*;
        using reference = T&;

        Iterator() = default;
        T& operator*() const { return owner(*at_); }
        T* operator->() const { return &owner(*at_); }
        Iterator& operator++() {
            at_ = at_->next_;
            return *this;
        }
        Iterator operator++(int) {
            Iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

      private:
        friend IntrusiveList;
        explicit Iterator(ListLink* at) : at_(at) {}
        ListLink* at_ = nullptr;
    };

    IntrusiveList() { end_.next_ = end_.prev_ = &end_; }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;
    ~IntrusiveList() {
        clear();
        end_.next_ = end_.prev_ = nullptr;
    }

    /// `object` must be in no list through this link.
    void push_back(T& object) { (object.*link).link_before(end_); }
    void push_front(T& object) { (object.*link).link_before(*end_.next_); }
    /// Moves `object` to the end, from wherever it is.
    void move_to_back(T& object) {
        (object.*link).unlink();
        push_back(object);
    }
    /// Takes `object` out; nothing where it is in no list.
    static void remove(T& object) { (object.*link).unlink(); }
    [[nodiscard]] static bool is_linked(const T& object) { return (object.*link).is_linked(); }
    /// Takes all elements out.
    void clear() {
        while (!empty()) end_.next_->unlink();
    }

    [[nodiscard]] bool empty() const { return end_.next_ == &end_; }
    /// The first element, or nullptr.
    [[nodiscard]] T* front() { return empty() ? nullptr : &owner(*end_.next_); }
    [[nodiscard]] T* back() { return empty() ? nullptr : &owner(*end_.prev_); }
    /// Takes the first element out; nullptr where there is none.
    T* pop_front() {
        T* first = front();
        if (first != nullptr) remove(*first);
        return first;
    }
    /// The visited element may be removed only after the iterator has moved on.
    [[nodiscard]] Iterator begin() { return Iterator(end_.next_); }
    [[nodiscard]] Iterator end() { return Iterator(&end_); }

  private:
    /// The object whose member `node` is. The distance of a member from its object is the same in
    /// all objects, so it is measured on storage that holds none.
    static T& owner(ListLink& node) {
        alignas(T) static constexpr std::byte storage[sizeof(T)]{};
        const auto* sample = reinterpret_cast<const T*>(storage);
        const auto distance = reinterpret_cast<const std::byte*>(&(sample->*link)) - storage;
        return *reinterpret_cast<T*>(reinterpret_cast<std::byte*>(&node) - distance);
    }

    ListLink end_;
};

}  // namespace dt::base
