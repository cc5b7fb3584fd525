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

// A method that no address knows is refused in the way of all refusals.
func TestUnknownMethods(t *testing.T) {
	w := newWorld(t)
	for _, method := range []string{"TRACE", "FOO", "get"} {
		for _, path := range []string{"/api/v1/me", "/nothing"} {
			status, header, raw := w.do(method, path, nil, "")
			if status != http.StatusMethodNotAllowed || !strings.Contains(string(raw), "api.no_method") || header.Get("X-Request-Id") == "" ||
				header.Get("X-Content-Type-Options") == "" || header.Get("Allow") == "" || !strings.HasPrefix(header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s %s: %d %v %.200s", method, path, status, header, raw)
			}
		}
	}
}

// JSON is UTF-8: what says that it is something else is not taken for that.
func TestOtherCharacterSets(t *testing.T) {
	w := newWorld(t)
	for charset, want := range map[string]int{"utf-8": 401, "UTF-8": 401, "utf-16": 415, "iso-8859-1": 415} {
		headers := map[string]string{"Content-Type": "application/json; charset=" + charset}
		if status, _, raw := w.do("POST", "/api/v1/auth/login", headers, `{"email":"nobody@example.com","password":"wrong"}`); status != want {
			t.Errorf("%s: %d %.200s", charset, status, raw)
		}
	}
}
