// Package crmsales_test runs the example as a person would: the built program as a
// second process, the script, and the questions its data was known to answer.
package crmsales_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"formwork/engine/store/mongo/mongotest"
)

const (
	adminEmail    = "admin@example.com"
	adminPassword = "example-admin-1"
	password      = "example-people-1"
)

// data is the folder with the CSV files, beside the project.
const data = "../../../shared/data/crm-sales"

// Won deals by manager, as the export has them.
var managers = map[string]string{
	"melvin.marxen": "2251930.00", "summer.sewald": "1964750.00", "rocco.neubert": "1960545.00",
	"celia.rouche": "1603897.00", "cara.losch": "1130049.00", "dustin.brinkmann": "1094363.00",
}

func TestLoad(t *testing.T) {
	if _, err := os.Stat(data); err != nil {
		t.Skipf("the sales export is not beside the project (%v)", err)
	}
	program := filepath.Join(t.TempDir(), "formwork")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/formwork").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	t.Run("sqlite", func(t *testing.T) { loaded(t, program, "--data", t.TempDir()) })
	if uri := mongotest.URI(); uri != "" {
		t.Run("mongo", func(t *testing.T) { loaded(t, program, "--standalone", "--database", database(t, uri)) })
	}
}

// database is the address of a database that is the test's own.
func database(t *testing.T, uri string) string {
	t.Helper()
	address, err := url.Parse(uri)
	if err != nil {
		t.Fatal("FORMWORK_TEST_MONGODB_URI is no address")
	}
	if settings := address.Query(); address.User != nil && !settings.Has("authSource") {
		settings.Set("authSource", "admin") // and not the database that is named now
		address.RawQuery = settings.Encode()
	}
	address.Path = "/" + mongotest.Database(t, uri)
	return address.String()
}

// loaded loads the export into a server on the storage, and asks.
func loaded(t *testing.T, program string, storage ...string) {
	base := serve(t, program, storage...)
	load := func() string {
		cmd := exec.Command("./load.sh", data, base)
		cmd.Env = append(os.Environ(), "FORMWORK="+program, "FORMWORK_ADMIN_EMAIL="+adminEmail,
			"FORMWORK_ADMIN_PASSWORD="+adminPassword, "FORMWORK_EXAMPLE_PASSWORD="+password)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("load.sh: %v\n%s", err, out)
		}
		return string(out)
	}
	load()
	admin := login(t, base, adminEmail, adminPassword)

	admin.expect(t, "won", nil, map[string]string{"": "10005534.00"})
	admin.expect(t, "won by region", []string{"owner.region"}, map[string]string{
		"west": "3568647.00", "central": "3346293.00", "east": "3090594.00"})
	if got := admin.sums(t, []string{"account.sector"})["retail"]; got != "1867528.00" {
		t.Errorf("won in retail: %s", got)
	}
	for object, want := range map[string]int64{"opportunity": 8800, "account": 85, "product": 7, "user": 42} {
		if got := admin.count(t, object, ""); got != want {
			t.Errorf("%d records of %s, want %d", got, object, want)
		}
	}
	if got := admin.count(t, "opportunity", "account == nil"); got != 1425 {
		t.Errorf("%d opportunities without an account", got)
	}
	if got := admin.count(t, "account", "parent != nil"); got != 15 {
		t.Errorf("%d subsidiaries", got)
	}
	if got := admin.count(t, "opportunity", "product == nil"); got != 0 {
		t.Errorf("%d opportunities without a product", got)
	}
	for manager, want := range managers {
		login(t, base, manager+"@example.com", password).expect(t, manager, nil, map[string]string{"": want})
	}
	agent := login(t, base, "moses.frase@example.com", password)
	all, own := agent.count(t, "opportunity", ""), agent.count(t, "opportunity", "owner == user.id")
	if all == 0 || all != own {
		t.Errorf("an agent sees %d opportunities, %d of them their own", all, own)
	}

	before := admin.state(t)
	if out := load(); strings.Contains(out, " 1 created") || strings.Contains(out, "with the password") {
		t.Errorf("the second run did something:\n%s", out)
	}
	if after := admin.state(t); after != before {
		t.Errorf("the second run changed something:\n%s\nbefore:\n%s", after, before)
	}
}

// serve starts the program on an empty storage and returns its address.
func serve(t *testing.T, program string, storage ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, append([]string{"serve", "--listen", "127.0.0.1:0"}, storage...)...)
	cmd.Env = append(os.Environ(), "FORMWORK_ADMIN_EMAIL="+adminEmail, "FORMWORK_ADMIN_PASSWORD="+adminPassword)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := cmd.Wait(); !cmd.ProcessState.Success() {
			t.Errorf("the server ended with %v\n%s", err, log.String())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at := strings.Index(lines.Text(), "http://"); at >= 0 {
			address := strings.Fields(lines.Text()[at:])[0]
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return address
		}
	}
	t.Fatalf("the server named no address\n%s", log.String())
	return ""
}

// caller is somebody who is logged in.
type caller struct{ base, token string }

func login(t *testing.T, base, email, password string) caller {
	t.Helper()
	var answer struct{ Token string }
	caller{base: base}.call(t, http.MethodPost, "/auth/login", map[string]any{"email": email, "password": password}, &answer)
	return caller{base, answer.Token}
}

func (c caller) call(t *testing.T, method, path string, in, out any) {
	t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(method, c.base+"/api/v1"+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, body, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(out); err != nil {
		t.Fatal(err)
	}
}

// sums are the amounts of won deals by the groups, as they were written.
func (c caller) sums(t *testing.T, group []string) map[string]string {
	t.Helper()
	groups := []map[string]string{}
	for _, field := range group {
		groups = append(groups, map[string]string{"field": field, "as": "key"})
	}
	var answer struct {
		Rows []struct {
			Key string
			Sum json.Number
		}
	}
	c.call(t, http.MethodPost, "/records/opportunity/aggregate", map[string]any{"filter": `stage == "won"`, "group": groups,
		"measures": []map[string]string{{"op": "sum", "field": "amount", "as": "sum"}}}, &answer)
	sums := map[string]string{}
	for _, row := range answer.Rows {
		sums[row.Key] = row.Sum.String()
	}
	return sums
}

func (c caller) expect(t *testing.T, what string, group []string, want map[string]string) {
	t.Helper()
	if got := c.sums(t, group); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (c caller) count(t *testing.T, object, filter string) int64 {
	t.Helper()
	var answer struct{ Total int64 }
	path := "/records/" + object + "?limit=1&count=exact"
	if filter != "" {
		path += "&filter=" + strings.NewReplacer(" ", "%20", "=", "%3D", "!", "%21").Replace(filter)
	}
	c.call(t, http.MethodGet, path, nil, &answer)
	return answer.Total
}

// state is what a second run must leave alone: the revision, and the number and the
// last change of every object's records.
func (c caller) state(t *testing.T) string {
	t.Helper()
	var revisions struct{ Items []struct{ Revision int64 } }
	c.call(t, http.MethodGet, "/metadata/revisions?limit=1", nil, &revisions)
	state := fmt.Sprint(revisions.Items)
	for _, object := range []string{"opportunity", "account", "product", "user"} {
		var answer struct {
			Total int64
			Items []map[string]any
		}
		c.call(t, http.MethodGet, "/records/"+object+"?limit=3&count=true&sort=-updated_at&fields=version,updated_at", nil, &answer)
		state += fmt.Sprintf("\n%s %d %v", object, answer.Total, answer.Items)
	}
	return state
}
