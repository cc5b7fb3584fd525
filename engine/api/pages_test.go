package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"formwork/engine/api"
)

// The application is sent at its addresses, each time with another nonce and never to be kept; its
// files are sent as they were compressed, to be kept for ever.
func TestPages(t *testing.T) {
	w := newWorldWith(t, func(o *api.Options) {
		o.Pages = fstest.MapFS{
			"README":                  {Data: []byte("not sent")},
			"index.html":              {Data: []byte(`<meta nonce="{{nonce}}"><script src="/assets/a-1.js">`)},
			"assets/a-1.js":           {Data: []byte("plain")},
			"assets/a-1.js.br":        {Data: []byte("small")},
			"assets/a-1.js.gz":        {Data: []byte("zipped")},
			"assets/style-2.css":      {Data: []byte("css")},
			"assets/more/b-1.svg":     {Data: []byte("svg")},
			"sw.js":                   {Data: []byte("worker")},
			"manifest/zh.webmanifest": {Data: []byte(`{"lang":"zh"}`)},
		}
	})
	nonce := regexp.MustCompile(`'nonce-([\w+/]{22})'`)
	seen := map[string]bool{}
	for _, path := range []string{"/", "/o/account?view=mine&filter=a%20%3E%201", "/o/account/0cp809v1ya5rf", "/inbox", "/recent", "/favourites", "/me", "/studio", "/studio/objects/lead?draft=0cp809v1ya5rf"} {
		status, header, body := w.do("GET", path, nil, "")
		found := nonce.FindStringSubmatch(header.Get("Content-Security-Policy"))
		if status != http.StatusOK || found == nil || string(body) != `<meta nonce="`+found[1]+`"><script src="/assets/a-1.js">` || seen[found[1]] {
			t.Fatalf("%s: %d %s\n%v", path, status, body, header)
		}
		seen[found[1]] = true
		if policy := header.Get("Content-Security-Policy"); header.Get("Cache-Control") != "no-store" || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: %v", path, header)
		}
	}
	for accepts, want := range map[string]string{"br, gzip": "small", "gzip": "zipped", "identity": "plain"} {
		status, header, body := w.do("GET", "/assets/a-1.js", map[string]string{"Accept-Encoding": accepts}, "")
		if status != http.StatusOK || string(body) != want || !strings.Contains(header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(header.Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %d %s %v", accepts, status, body, header)
		}
	}
	// What keeps its name when it changes is asked for each time. The worker may ask this server alone.
	for path, want := range map[string][3]string{
		"/sw.js":                   {"worker", "text/javascript", "default-src 'none'; connect-src 'self'"},
		"/manifest/zh.webmanifest": {`{"lang":"zh"}`, "application/manifest+json", "default-src 'none'"},
	} {
		status, header, body := w.do("GET", path, nil, "")
		if status != http.StatusOK || string(body) != want[0] || !strings.HasPrefix(header.Get("Content-Type"), want[1]) ||
			header.Get("Content-Security-Policy") != want[2] || header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %s %v", path, status, body, header)
		}
	}
	// A person who goes to an address that there is not is told so by the application, and a program in its way.
	html := map[string]string{"Accept": "text/html,application/xhtml+xml"}
	if status, header, body := w.do("GET", "/nothing/here", html, ""); status != http.StatusNotFound || !strings.HasPrefix(header.Get("Content-Type"), "text/html") ||
		!strings.Contains(header.Get("Content-Security-Policy"), "'nonce-") || strings.Contains(string(body), "api.no_route") {
		t.Errorf("a page that there is not: %d %v %s", status, header, body)
	}
	if status, _, body := w.do("GET", "/api/nothing", html, ""); status != http.StatusNotFound || !strings.Contains(string(body), "api.no_route") {
		t.Errorf("an address of the API that there is not: %d %s", status, body)
	}
	for _, path := range []string{"/manifest/en.webmanifest", "/manifest/..%2fsw.js", "/assets/a-1.js.br", "/assets/..%2findex.html", "/assets/README", "/README", "/assets/", "/o", "/api/v1/nothing"} {
		if status, _, body := w.do("GET", path, nil, ""); status != http.StatusNotFound || !strings.Contains(string(body), "api.no_route") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// A program that was built without the application says how to build it.
func TestNoPages(t *testing.T) {
	w := newWorldWith(t, func(o *api.Options) { o.Pages = fstest.MapFS{"README": {}} })
	if status, _, _ := w.do("GET", "/sw.js", nil, ""); status != http.StatusNotFound {
		t.Errorf("a worker: %d", status)
	}
	if status, _, body := w.do("GET", "/", nil, ""); status != http.StatusOK || !strings.Contains(string(body), "make run") {
		t.Errorf("%d %s", status, body)
	}
}
