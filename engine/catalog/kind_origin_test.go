package catalog_test

import (
	"testing"

	"formwork/engine/catalog"
)

func TestIsOrigin(t *testing.T) {
	for _, text := range []string{"https://portal.example.com", "http://localhost:3000", "https://example.com:8443", "https://[2001:db8::1]:8443", "http://[::1]"} {
		if !catalog.IsOrigin(text) {
			t.Errorf("%q is one", text)
		}
	}
	for _, text := range []string{"", "null", "*", "https://*", "https://*.example.com", "https://example.com/", "https://example.com:443", "http://example.com:80", "https://Example.com",
		"https://example.com/path", "https://user@example.com", "https://example.com?x", "https://example.com#x", "example.com", "ftp://example.com", "https://", "https://:8443",
		"https://example.com:0443", "https://a.example https://b.example", "https://a.example,https://b.example", "https://example.com:99999",
		"https://a;script-src", "https://a'self'", "https://münchen.example"} {
		if catalog.IsOrigin(text) {
			t.Errorf("%q is none", text)
		}
	}
}
