package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"formwork/engine/fault"
)

func TestStatusOf(t *testing.T) {
	for kind, status := range map[fault.Kind]int{fault.Internal: 500, fault.Malformed: 400, fault.Invalid: 422, fault.Unauthenticated: 401,
		fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409, fault.Stale: 412, fault.TooLarge: 413, fault.Limited: 422, fault.Unavailable: 503} {
		if got := statusOf(&fault.Fault{Kind: kind, Code: "x.y"}); got != status {
			t.Errorf("%v: %d, want %d", kind, got, status)
		}
	}
	if got := statusOf(fault.New(fault.Limited, "auth.limited", "seconds", 3)); got != 429 {
		t.Errorf("a rate: %d", got)
	}
}

// What goes wrong inside shows an id, which the log knows, and never its text.
func TestFailuresDoNotLeak(t *testing.T) {
	var log bytes.Buffer
	s := New(Options{Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	secret := "open /var/lib/formwork/main.db"
	for path, do := range map[string]func(*request) error{
		"/panics":  func(*request) error { panic(secret) },
		"/fails":   func(*request) error { return fmt.Errorf("reading: %w", errors.New(secret)) },
		"/wrapped": func(*request) error { return fault.New(fault.Internal, "internal").Because(errors.New(secret)) },
		"/late":    func(*request) error { return fmt.Errorf("%s: %w", secret, context.DeadlineExceeded) },
		"/nil":     func(r *request) error { return r.needs("x") },
	} {
		s.app.Add(get, path, s.serve(route{method: get, path: path, do: do, access: open}))
		response, err := s.app.Test(httptest.NewRequest("GET", path, nil))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		want := 500
		if path == "/late" {
			want = 503
		}
		if response.StatusCode != want || strings.Contains(string(raw), "formwork/main") || strings.Contains(string(raw), "nil pointer") {
			t.Errorf("%s: %d %s", path, response.StatusCode, raw)
		}
		if id := response.Header.Get(requestIDHeader); want == 500 && (!strings.Contains(string(raw), `"id":"`+id+`"`) || !strings.Contains(log.String(), id)) {
			t.Errorf("%s: the id %s is not in %s and the log", path, id, raw)
		}
	}
}

func TestAccepted(t *testing.T) {
	for header, want := range map[string]string{"": "en", "zh": "zh", "zh-CN,zh;q=0.9": "zh", "en-GB,zh;q=0.5": "en", "fr": "fr", "de-AT,zh;q=0.5": "de", "it,zh-TW;q=0.3": "zh",
		"*": "en", ";;;": "en", strings.Repeat("a,", 5000): "en"} {
		if got := accepted(header, []string{"de", "fr"}); got != want {
			t.Errorf("%.40q: %s, want %s", header, got, want)
		}
	}
}

func TestInDocument(t *testing.T) {
	for pointer, want := range map[string][2]string{
		"/object/lead/fields/x": {"object/lead", "/fields/x"}, "/object/lead": {"object/lead", ""},
		"/documents/3": {"", "/documents/3"}, "/delete/0": {"", "/delete/0"}, "/message": {"", "/message"}, "": {"", ""},
	} {
		got := inDocument(fault.New(fault.Invalid, "x.y", "name", 1).At(pointer))
		document, _ := got.Params["document"].(string)
		if document != want[0] || got.Pointer != want[1] || got.Params["name"] != 1 {
			t.Errorf("%s: %q %q %v", pointer, document, got.Pointer, got.Params)
		}
	}
}
