package api_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// Requests of a user are worked on a few at once, and one is: whatever they do, and however
// they end, each gives its place to the next.
func TestPlacesAreGivenBack(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.User("rep@example.com", map[string]any{"permissions": []any{"read_only"}})
	admin := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	rep := map[string]string{"Authorization": "Bearer " + w.login("main", "rep@example.com")}
	var all sync.WaitGroup
	for i := range 8 * runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for _, one := range []struct {
				headers            map[string]string
				method, path, body string
				status             int
			}{
				{admin, "GET", "records/account", "", 200}, {admin, "POST", "records/account", fmt.Sprintf(`{"name":"Place %d"}`, i), 201},
				{admin, "POST", "records/account/bulk", `{"operations":[{"op":"create","data":{"name":"x"}}]}`, 200}, {admin, "GET", "records/nothing", "", 404},
				{admin, "POST", "records/account", `{`, 400}, {admin, "POST", "imports", "", 400}, {admin, "GET", "files/1", "", 404},
				{rep, "POST", "metadata/plan", `{}`, 403}, {rep, "GET", "records/account?filter=(", "", 422},
			} {
				if status, _, raw := w.do(one.method, "/api/v1/"+one.path, one.headers, one.body); status != one.status {
					t.Errorf("%s %s: %d %s, want %d", one.method, one.path, status, raw, one.status)
				}
			}
		})
	}
	all.Wait()
	if status, _, raw := w.do("POST", "/api/v1/metadata/plan", admin, `{}`); status != 200 {
		t.Errorf("planning: %d %s", status, raw)
	}
}
