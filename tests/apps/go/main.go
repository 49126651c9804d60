// A web server and its client in one static binary, with Go's own runtime, poller and resolver.
//
//	web serve ADDRESS          answers /FILE from the working folder and /echo with what was sent
//	web get URL FILE           writes the body to a file
//	web many URL COUNT         that many requests at once, each its own connection
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func serve(address string) {
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	http.Handle("/", http.FileServer(http.Dir(".")))
	check(http.ListenAndServe(address, nil))
}

func fetch(client *http.Client, url string, to io.Writer) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	_, err = io.Copy(to, answer.Body)
	return err
}

func many(url string, count int) {
	var group sync.WaitGroup
	failures := make(chan error, count)
	for i := 0; i < count; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			transport := &http.Transport{DisableKeepAlives: true}
			if err := fetch(&http.Client{Transport: transport, Timeout: 30 * time.Second}, url, io.Discard); err != nil {
				failures <- err
			}
		}()
	}
	group.Wait()
	close(failures)
	for err := range failures {
		check(err)
	}
	fmt.Println(count, "answers")
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "serve":
		serve(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "get":
		file, err := os.Create(os.Args[3])
		check(err)
		check(fetch(&http.Client{Timeout: 60 * time.Second}, os.Args[2], file))
		check(file.Close())
	case len(os.Args) == 4 && os.Args[1] == "many":
		count, err := strconv.Atoi(os.Args[3])
		check(err)
		many(os.Args[2], count)
	default:
		fmt.Fprintln(os.Stderr, "web serve ADDRESS | get URL FILE | many URL COUNT")
		os.Exit(2)
	}
}
