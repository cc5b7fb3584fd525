package runner_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
)

// said is what an outside system answers.
type said struct {
	Status int             `json:"status"` // 200 when absent
	Body   json.RawMessage `json:"body"`
	To     string          `json:"to"`    // where it sends who asks
	Hangs  bool            `json:"hangs"` // it does not answer
	Flows  bool            `json:"flows"` // it answers without end
}

// system is an outside system: a real HTTP server on the loopback.
type system struct {
	*httptest.Server
	answers map[string][]said

	mu    sync.Mutex
	taken []string
	keys  map[string]string // of requests, by their Idempotency-Key
}

// newSystem makes one; nil where nothing is to be answered.
func newSystem(t *testing.T, answers map[string][]said) *system {
	if answers == nil {
		return nil
	}
	s := &system{answers: answers, keys: map[string]string{}}
	ended := make(chan struct{})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := s.take(r)
		switch {
		case answer.Hangs:
			select {
			case <-r.Context().Done():
			case <-ended:
			}
			return
		case answer.Flows:
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
			return
		case answer.To != "":
			w.Header().Set("Location", answer.To)
		}
		if answer.Status != 0 {
			w.WriteHeader(answer.Status)
		}
		w.Write(answer.Body) //nolint:errcheck // who asks sees it
	}))
	t.Cleanup(func() { close(ended); s.Close() })
	return s
}

// take notes a request, and says what is answered.
func (s *system) take(r *http.Request) said {
	body, _ := io.ReadAll(r.Body)
	line := r.Method + " " + r.URL.RequestURI()
	if len(body) > 0 {
		line += " " + string(body)
	}
	if secret := r.Header.Get("Authorization"); secret != "" {
		line += "; " + secret
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	if before, again := s.keys[key]; again {
		line += " again"
		if before != r.URL.Path {
			line += " but for another"
		}
	}
	s.keys[key] = r.URL.Path
	s.taken = append(s.taken, line)
	answers := s.answers[r.Method+" "+r.URL.Path]
	if len(answers) == 0 {
		return said{Status: http.StatusNotFound}
	}
	if len(answers) > 1 {
		s.answers[r.Method+" "+r.URL.Path] = answers[1:]
	}
	return answers[0]
}

// took are the requests since it was last called.
func (s *system) took() []string {
	if s == nil {
		return []string{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := append([]string{}, s.taken...)
	s.taken = nil
	return taken
}

func (s *system) address() string {
	if s == nil {
		return "http://127.0.0.1:9"
	}
	return s.URL
}

var loopback = netip.MustParsePrefix("127.0.0.1/32")

// network is where it is, which nobody may reach who was not told so.
func (s *system) network() []netip.Prefix {
	if s == nil {
		return nil
	}
	return []netip.Prefix{loopback}
}
