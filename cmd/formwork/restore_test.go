package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"formwork/engine/store/mongo/mongotest"
	"formwork/engine/store/storetest"
)

// contentsOf is all that a store that nobody serves holds of the tenant main.
func contentsOf(t *testing.T, s storage) []string {
	t.Helper()
	opened, err := s.open(&program{ctx: t.Context(), getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	tenant, err := opened.Tenant(t.Context(), firstTenant)
	if err != nil {
		t.Fatal(err)
	}
	return storetest.Contents(t, tenant)
}

// get asks a server as somebody.
func (s *serving) get(t *testing.T, token, path string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s (%v)", path, response.StatusCode, raw, err)
	}
	return string(raw)
}

// A tenant goes by backups from SQLite into MongoDB and back, all of it, and is used in each
// place: people log in, words find the same, and records are changed.
func TestRestoreIntoTheOtherStore(t *testing.T) {
	uri := mongotest.URI()
	if uri == "" {
		t.Skip("FORMWORK_TEST_MONGODB_URI names no server")
	}
	uri = mongotest.Address(t, uri)
	environment := map[string]string{"FORMWORK_ADMIN_PASSWORD": "correct-horse-battery", "FORMWORK_DEMO_PASSWORD": "battery staple",
		"FORMWORK_EMAIL": "admin@example.com", "FORMWORK_PASSWORD": "correct-horse-battery"}
	files := func() storage { return storage{Data: filepath.Join(t.TempDir(), "data")} }
	first, database, last := files(), storage{Database: uri, Standalone: true}, files()
	flags := func(s storage) []string {
		if s.Database == "" {
			return []string{"--data", s.Data}
		}
		return []string{"--database", s.Database, "--standalone"}
	}
	var found string
	use := func(s storage, more ...string) {
		t.Helper()
		server := serve(t, "", environment, append(flags(s), more...)...)
		token := server.login(t, "", "sarah@example.com", "battery staple")
		if token == "" {
			t.Fatalf("nobody logs in to %v", s)
		}
		if found == "" {
			var page struct{ Items []struct{ Name string } }
			if err := json.Unmarshal([]byte(server.get(t, token, "/api/v1/records/account?limit=1&sort=name")), &page); err != nil || len(page.Items) == 0 {
				t.Fatalf("there is no account (%v)", err)
			}
			found = strings.Fields(page.Items[0].Name)[0]
		}
		if hits := server.get(t, token, "/api/v1/search?q="+found); !strings.Contains(hits, found) {
			t.Errorf("%s is not found in %v: %s", found, s, hits)
		}
		must(t, environment, "demo", "--url", server.url, "--size", "20", "--more")
		if status := server.stop(); status != 0 {
			t.Errorf("stopped with %d", status)
		}
	}
	carry := func(from, to storage) {
		t.Helper()
		place := t.TempDir()
		must(t, environment, append([]string{"backup", "--to", place}, flags(from)...)...)
		was := contentsOf(t, from)
		must(t, environment, append([]string{"restore", firstTenant, "--from", place}, flags(to)...)...)
		storetest.SameContents(t, "what was restored", contentsOf(t, to), was)
	}
	use(first, "--demo", "60")
	carry(first, database)
	use(database)
	carry(database, last)
	use(last)
}
