package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// Wrong passwords of others at an address keep nobody out who logged in on their device
// before; and each is logged with the address.
func TestAKnownDeviceGetsPastOthersAtItsAddress(t *testing.T) {
	w := newWorld(t)
	w.User("ada@example.com", map[string]any{"permissions": []any{"admin"}})
	login := func(password string, headers map[string]string) (int, http.Header) {
		status, header, _ := w.do("POST", "/api/v1/auth/login", headers, `{"email":"ada@example.com","password":"`+password+`"}`)
		return status, header
	}
	status, header := login("correct horse battery", map[string]string{"Sec-Fetch-Site": "same-origin"})
	device := ""
	for _, cookie := range header.Values("Set-Cookie") {
		if value, ok := strings.CutPrefix(cookie, "formwork_device="); ok {
			device, _, _ = strings.Cut(value, ";")
		}
	}
	if status != 200 || device == "" {
		t.Fatalf("%d %v", status, header)
	}
	for range 31 {
		login("wrong", nil)
	}
	if status, _ := login("correct horse battery", nil); status != http.StatusTooManyRequests {
		t.Errorf("a stranger at the address: %d", status)
	}
	if status, _ := login("correct horse battery", map[string]string{"Cookie": "formwork_device=" + strings.Replace(device, ".main.", ".other.", 1)}); status != http.StatusTooManyRequests {
		t.Errorf("with a device of nobody: %d", status)
	}
	if status, _ := login("correct horse battery", map[string]string{"Cookie": "formwork_device=" + device}); status != http.StatusOK {
		t.Errorf("with the known device: %d", status)
	}
	if log := w.log.String(); !strings.Contains(log, "client=127.0.0.1") || !strings.Contains(log, "the password is wrong") || strings.Contains(log, "correct horse") {
		t.Error("refused logins are not logged as they should be")
	}
}
