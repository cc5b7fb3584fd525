package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// get is the status and body of an answer.
func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// A damaged file, were it the first tenant's, keeps neither the server from starting nor
// the others from working; it is told with a code, and doctor says which it is.
func TestADamagedTenantLeavesTheOthers(t *testing.T) {
	data := t.TempDir()
	login := map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password"}
	for _, name := range []string{"main", "other"} {
		must(t, login, "tenant", "create", name, "--data", data)
	}
	if err := os.WriteFile(filepath.Join(data, "main.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, data, login)
	token := s.login(t, "other", "admin@example.com", "a given password")
	if token == "" {
		t.Fatal("the other tenant does not work")
	}
	if status, body := get(t, s.url+"/api/v1/records/account", token); status != http.StatusOK {
		t.Errorf("the other tenant: %d %s", status, body)
	}
	response, err := http.Post(s.url+"/api/v1/auth/login", "application/json", strings.NewReader(`{"tenant":"main","email":"admin@example.com","password":"a given password"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(raw), `"store.damaged"`) {
		t.Errorf("the damaged tenant: %d %s", response.StatusCode, raw)
	}
	s.stop()
	status, out, _ := command(t, nil, "doctor", "--data", data)
	if status != 1 || !strings.Contains(out, "main: The data of this tenant is damaged") || strings.Contains(out, "other: The data") {
		t.Errorf("doctor: %d %s", status, out)
	}
}

// A server that means harm can't have an export write outside of its folder.
func TestExportsStayInTheirFolder(t *testing.T) {
	for _, answer := range []string{
		`{"items":[],"hidden":[{"kind":"..","name":"../../outside"}]}`,
		`{"items":[],"hidden":[{"kind":"object","name":"../../outside"}]}`,
		`{"items":[],"hidden":[{"kind":"/tmp","name":"outside"}]}`,
		`{"items":[{"kind":"object","name":"../../outside"}]}`,
	} {
		hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if strings.HasSuffix(r.URL.Path, "/login") {
				fmt.Fprint(w, `{"token":"t"}`)
				return
			}
			fmt.Fprint(w, answer)
		}))
		around := t.TempDir()
		folder := filepath.Join(around, "a", "b", "export")
		status, out, log := command(t, map[string]string{"FORMWORK_EMAIL": "a@example.com", "FORMWORK_PASSWORD": "x"}, "export", "-f", folder, "--url", hostile.URL)
		hostile.Close()
		var found []string
		err := filepath.WalkDir(around, func(path string, entry os.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				found = append(found, path)
			}
			return err
		})
		if err != nil || status == 0 || len(found) > 0 {
			t.Errorf("%s: %d %s%s wrote %v %v", answer, status, out, log, found, err)
		}
	}
	// A link in the folder leads nowhere else.
	folder, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(folder, "object")); err != nil {
		t.Fatal(err)
	}
	if err := writeInto(folder, map[string][]byte{"object/account.json": []byte("{}")}); err == nil {
		t.Error("a link is followed out of the folder")
	}
}
