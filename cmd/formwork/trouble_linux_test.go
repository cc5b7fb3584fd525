package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// While the disk is full writes are refused with a code, everything else is answered, and
// the server says that it is not ready; it is well again by itself when there is room.
func TestAFullDiskIsAState(t *testing.T) {
	data := t.TempDir()
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("a file system can't be mounted here, which needs the rights of root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(data, syscall.MNT_DETACH) })
	login := map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password"}
	s := serve(t, data, login)
	token := s.login(t, "main", "admin@example.com", "a given password")
	create := func() (status int, body string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v1/records/account", strings.NewReader(`{"name":"A","description":"`+strings.Repeat("x", 90_000)+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		raw := make([]byte, 2000)
		n, _ := response.Body.Read(raw)
		return response.StatusCode, string(raw[:n])
	}
	if status, body := create(); status != http.StatusCreated {
		t.Fatalf("with room: %d %s", status, body)
	}
	var free syscall.Statfs_t
	if err := syscall.Statfs(data, &free); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(data, "ballast")
	if err := os.WriteFile(ballast, make([]byte, int64(free.Bavail)*free.Bsize-(1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	status, body := 0, ""
	for range 50 {
		if status, body = create(); status != http.StatusCreated {
			break
		}
	}
	if status != http.StatusInsufficientStorage || !strings.Contains(body, `"store.full"`) {
		t.Fatalf("without room: %d %s", status, body)
	}
	for path, want := range map[string]struct {
		status int
		text   string
	}{"/readyz": {503, `"store.full"`}, "/metrics": {200, "formwork_store_full 1"}, "/healthz": {200, "ok"}, "/api/v1/records/account": {200, `"items"`}} {
		if status, body := get(t, s.url+path, token); status != want.status || !strings.Contains(body, want.text) {
			t.Errorf("without room, %s: %d %.300s", path, status, body)
		}
	}
	if status, out, _ := command(t, nil, "doctor", "--data", data); status != 1 || !strings.Contains(out, "the store: No room is left") {
		t.Errorf("doctor: %d %s", status, out)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{"/readyz": "ready", "/metrics": "formwork_store_full 0"} {
		if status, body := get(t, s.url+path, ""); status != http.StatusOK || !strings.Contains(body, text) {
			t.Errorf("with room again, %s: %d %.300s", path, status, body)
		}
	}
	if status, body := create(); status != http.StatusCreated {
		t.Errorf("with room again: %d %s", status, body)
	}

}
