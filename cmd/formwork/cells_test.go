package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/cell"
	"formwork/engine/store/mongo/mongotest"
	"formwork/engine/store/storetest"
)

// caller asks a server as somebody.
type caller struct {
	url, token string
	slow       time.Duration // the longest that an answer took
}

// ask sends a body and decodes the answer, or gives it as it is if out is a *[]byte; an error
// if it is no success.
func (c *caller) ask(method, path, body string, out any) error {
	began := time.Now()
	defer func() { c.slow = max(c.slow, time.Since(began)) }()
	request, err := http.NewRequest(method, c.url+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, raw)
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = raw
		return nil
	}
	return json.Unmarshal(raw, out)
}

// work is what a person does: accounts that are made, changed and read again, with files.
type work struct {
	caller
	accounts map[string]string // by id, the last name that was acknowledged
	changes  map[string]int
	files    map[string]string // by id, the contents
	refused  []error
}

func (w *work) run(ctx context.Context, who int) {
	var last string
	for n := 0; ctx.Err() == nil; n++ {
		name := fmt.Sprintf("Account %d of %d", n, who)
		if err := w.step(n, name, &last); err != nil {
			w.refused = append(w.refused, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (w *work) step(n int, name string, last *string) error {
	var made struct {
		ID      string `json:"id"`
		Version int    `json:"version"`
	}
	body := fmt.Sprintf(`{"name":%q}`, name)
	switch {
	case *last == "" || n%3 == 0:
		if err := w.ask(http.MethodPost, "/records/account", body, &made); err != nil {
			return err
		}
		*last = made.ID
		w.accounts[made.ID] = name
	case n%10 == 1:
		if err := w.ask(http.MethodPost, "/files?name=note.txt", name, &made); err != nil {
			return err
		}
		if err := w.ask(http.MethodPost, "/records/account/"+*last+"/files", fmt.Sprintf(`{"files":[%q]}`, made.ID), nil); err != nil {
			return err
		}
		w.files[made.ID] = name
	case n%3 == 1:
		if err := w.ask(http.MethodPatch, "/records/account/"+*last, body, &made); err != nil {
			return err
		}
		w.accounts[*last] = name
		w.changes[*last]++
	default:
		var read struct{ Name string }
		if err := w.ask(http.MethodGet, "/records/account/"+*last, "", &read); err != nil {
			return err
		}
		if read.Name != w.accounts[*last] {
			return fmt.Errorf("account %s is %q, and %q was acknowledged", *last, read.Name, w.accounts[*last])
		}
	}
	return nil
}

// check finds all that was acknowledged.
func (w *work) check(t *testing.T) {
	t.Helper()
	for _, err := range w.refused {
		t.Errorf("while the tenant was moved: %v", err)
	}
	for key, name := range w.accounts {
		var read struct{ Name string }
		if err := w.ask(http.MethodGet, "/records/account/"+key, "", &read); err != nil || read.Name != name {
			t.Errorf("account %s is %q, want %q (%v)", key, read.Name, name, err)
		}
		var history struct{ Items []json.RawMessage }
		if err := w.ask(http.MethodGet, "/records/account/"+key+"/history", "", &history); err != nil || len(history.Items) != w.changes[key]+1 {
			t.Errorf("account %s has a history of %d, want %d (%v)", key, len(history.Items), w.changes[key]+1, err)
		}
	}
	for key, contents := range w.files {
		var read []byte
		if err := w.ask(http.MethodGet, "/files/"+key, "", &read); err != nil || string(read) != contents {
			t.Errorf("file %s is %q, want %q (%v)", key, read, contents, err)
		}
	}
}

// A tenant is moved to another folder, and to a database, by a command while a server serves
// it and people work: nobody notices, but that writes wait a little, and nothing is lost. Then
// it is moved while nobody uses it, and is the same to the last row, file, session and position.
func TestMoveATenant(t *testing.T) {
	data, second := t.TempDir(), filepath.Join(t.TempDir(), "second")
	environment := map[string]string{"FORMWORK_ADMIN_PASSWORD": "correct-horse-battery"}
	cells := []string{"--cell", "second=" + second}
	route := []string{"second", cell.Primary, "second"}
	if testing.Short() {
		route = route[2:]
	}
	if uri := mongotest.URI(); uri != "" {
		cells = append(cells, "--standalone", "--cell", "cluster="+mongotest.Address(t, uri))
		route = []string{"cluster", cell.Primary, "second"}
	}
	server := serve(t, data, environment, cells...)
	token := server.login(t, "", "admin@example.com", "correct-horse-battery")
	if token == "" {
		t.Fatal("nobody logs in")
	}
	move := func(to string) string {
		t.Helper()
		return must(t, nil, append([]string{"tenant", "move", firstTenant, "--to", to, "--grace", "10ms", "--data", data}, cells...)...)
	}
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	var all []*work
	for who := range 3 {
		w := &work{caller: caller{url: server.url, token: token}, accounts: map[string]string{}, changes: map[string]int{}, files: map[string]string{}}
		all = append(all, w)
		working.Go(func() { w.run(ctx, who) })
	}
	for _, to := range route {
		time.Sleep(200 * time.Millisecond)
		t.Logf("%s", move(to))
	}
	time.Sleep(200 * time.Millisecond)
	stop()
	working.Wait()
	for _, w := range all {
		t.Logf("%d accounts, %d files; the slowest answer took %v", len(w.accounts), len(w.files), w.slow.Round(time.Millisecond))
		w.check(t)
		if len(w.accounts) < 5 || len(w.files) == 0 {
			t.Error("nobody worked")
		}
	}
	if out := must(t, nil, append([]string{"tenant", "list", "--data", data}, cells...)...); out != firstTenant+" second\n" {
		t.Errorf("the list is %q", out)
	}
	if status, _, log := command(t, nil, "tenant", "list", "--data", data); status == 0 || !strings.Contains(log, "--cell") {
		t.Errorf("without the cells: %d %s", status, log)
	}
	if status := server.stop(); status != 0 {
		t.Errorf("stopped with %d", status)
	}

	contents := func(s storage) []string {
		return slices.DeleteFunc(contentsOf(t, s), func(line string) bool { return strings.Contains(line, "_move") })
	}
	was := contents(storage{Data: second})
	if out := move(cell.Primary); !strings.Contains(out, "is in cell primary") {
		t.Errorf("the move says %s", out)
	}
	whole := storage{Data: data, Cells: map[string]string{"second": second}}
	storetest.SameContents(t, "what was moved", contents(whole), was)
	if out := must(t, nil, "tenant", "list", "--data", second); out != "" {
		t.Errorf("left behind is %q", out)
	}
}

// A command does not bring cells to a folder whose server knows nothing of them.
func TestCellsBesideAServerWithout(t *testing.T) {
	data := t.TempDir()
	unlock, err := lockFolder(data) // as a server does
	if err != nil {
		t.Fatal(err)
	}
	cells := []string{"tenant", "list", "--data", data, "--cell", "second=" + t.TempDir()}
	if status, _, log := command(t, nil, cells...); status == 0 || !strings.Contains(log, "without --cell") {
		t.Errorf("beside it: %d %s", status, log)
	}
	unlock()
	must(t, nil, cells...)
}
