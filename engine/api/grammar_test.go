package api_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// What breaks the grammar of HTTP is refused, and no further request is taken from its
// connection.
func TestGrammar(t *testing.T) {
	w := newWorld(t)
	raw, err := os.ReadFile("testdata/grammar.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Send, Then string
		Statuses         []int
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel() // those that keep their connection are waited for
			conn, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			statuses, open := []int{}, true
			in := bufio.NewReader(conn)
			answers := func(send string) {
				if _, err := io.WriteString(conn, send); err != nil {
					t.Fatal(err)
				}
				for open {
					if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
						t.Fatal(err)
					}
					response, err := http.ReadResponse(in, nil)
					if err != nil {
						timeout, ok := err.(net.Error)
						open = ok && timeout.Timeout()
						return
					}
					if _, err := io.Copy(io.Discard, response.Body); err != nil {
						t.Fatal(err)
					}
					statuses = append(statuses, response.StatusCode)
					if response.StatusCode == http.StatusBadRequest && !response.Close {
						t.Error("the connection stays open")
					}
				}
			}
			answers(c.Send)
			if c.Then != "" {
				answers(c.Then)
			}
			if !slices.Equal(statuses, c.Statuses) {
				t.Errorf("answered with %v, want %v", statuses, c.Statuses)
			}
		})
	}
}
