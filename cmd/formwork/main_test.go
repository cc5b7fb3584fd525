package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is what a command writes, while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// command runs a command and returns its status and what it wrote.
func command(t *testing.T, environment map[string]string, arguments ...string) (status int, out, log string) {
	t.Helper()
	var o, l output
	p := &program{ctx: context.Background(), out: &o, log: &l, getenv: func(name string) string { return environment[name] }}
	status = run(p, arguments)
	return status, o.String(), l.String()
}

// must runs a command that has to succeed.
func must(t *testing.T, environment map[string]string, arguments ...string) string {
	t.Helper()
	status, out, log := command(t, environment, arguments...)
	if status != 0 {
		t.Fatalf("formwork %s: %d\n%s%s", strings.Join(arguments, " "), status, out, log)
	}
	return out
}

// serving is a server that runs until stop.
type serving struct {
	url  string
	out  *output
	stop func() int
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func serve(t *testing.T, data string, environment map[string]string, more ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var out, log output
	p := &program{ctx: ctx, out: &out, log: &log, getenv: func(name string) string { return environment[name] }}
	ended := make(chan int, 1)
	arguments := append([]string{"serve", "--listen", "127.0.0.1:0"}, more...)
	if data != "" { // else more names the store
		arguments = append(arguments, "--data", data)
	}
	go func() { ended <- run(p, arguments) }()
	stop := sync.OnceValue(func() int {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { stop() })
	s := &serving{out: &out, stop: stop}
	deadline := time.Now().Add(30 * time.Second)
	for {
		if s.url = address.FindString(out.String()); s.url != "" {
			if response, err := http.Get(s.url + "/readyz"); err == nil {
				response.Body.Close()
				if response.StatusCode == http.StatusOK {
					return s
				}
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server did not come up: %s%s", out.String(), log.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// login logs in to a server; "" if it refuses.
func (s *serving) login(t *testing.T, tenant, email, password string) string {
	t.Helper()
	raw, err := json.Marshal(map[string]string{"tenant": tenant, "email": email, "password": password})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(s.url+"/api/v1/auth/login", "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Token
}

func TestFirstStartMakesALogin(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, nil)
	var found []string
	for range 500 {
		if found = regexp.MustCompile(`First login: (\S+), password (\S+) `).FindStringSubmatch(s.out.String()); found != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if found == nil {
		t.Fatalf("no login in %s", s.out)
	}
	if s.login(t, "", found[1], found[2]) == "" {
		t.Errorf("the login that was printed is refused")
	}
	if status := s.stop(); status != 0 {
		t.Errorf("stopped with %d", status)
	}
	again := serve(t, data, map[string]string{"FORMWORK_ADMIN_PASSWORD": "another password"})
	if strings.Contains(again.out.String(), "login") {
		t.Errorf("the second start speaks of a login: %s", again.out)
	}
	if again.login(t, "main", found[1], found[2]) == "" {
		t.Errorf("the first login does not last")
	}
}

func TestAGivenLoginIsNotPrinted(t *testing.T) {
	s := serve(t, t.TempDir(), map[string]string{"FORMWORK_ADMIN_EMAIL": "root@example.org", "FORMWORK_ADMIN_PASSWORD": "a given password"})
	if s.login(t, "main", "root@example.org", "a given password") == "" {
		t.Error("the given login is refused")
	}
	if strings.Contains(s.out.String(), "a given password") {
		t.Error("the given password was printed")
	}
}

// A bad first password leaves nothing behind, so that the next start can do better.
func TestAFailedFirstStartLeavesNothing(t *testing.T) {
	data := t.TempDir()
	status, _, log := command(t, map[string]string{"FORMWORK_ADMIN_PASSWORD": "short"}, "serve", "--data", data, "--listen", "127.0.0.1:0")
	if status != 1 || !strings.Contains(log, "at least") {
		t.Errorf("%d %s", status, log)
	}
	if out := must(t, nil, "tenant", "list", "--data", data); out != "" {
		t.Errorf("left behind: %s", out)
	}
}

const visit = `{"kind":"object","name":"visit","label":"Visit","name_field":"title","fields":{"title":{"type":"text"},"length":{"type":"number","scale":1}}}`

// write fills a folder with documents.
func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The commands for documents do the same over HTTP and on the store itself.
func TestConfigurationCommands(t *testing.T) {
	login := map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password", "FORMWORK_EMAIL": "admin@example.com", "FORMWORK_PASSWORD": "a given password"}
	for _, way := range []string{"url", "data"} {
		t.Run(way, func(t *testing.T) {
			data, folder, copied := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "export")
			where := []string{"--data", data}
			if way == "url" {
				where = []string{"--url", serve(t, data, login).url}
			} else {
				must(t, login, "tenant", "create", "main", "--data", data)
			}
			with := func(arguments ...string) []string { return append(arguments, where...) }
			write(t, folder, map[string]string{"object/visit.json": visit,
				"object/account.json": `{"kind":"object","name":"account","fields":{"founded":{"type":"number","label":"Founded"}}}`, "README.md": "# Ours"})

			out := must(t, login, with("plan", "-f", folder)...)
			for _, line := range []string{"+ object/visit", "~ object/account", "/fields/founded"} {
				if !strings.Contains(out, line) {
					t.Errorf("plan lacks %q: %s", line, out)
				}
			}
			if out := must(t, login, with("apply", "-f", folder, "-m", "Visits")...); !strings.Contains(out, "revision 2\n") {
				t.Errorf("apply: %s", out)
			}
			if out := must(t, login, with("apply", "-f", folder)...); !strings.Contains(out, "revision 2\n") {
				t.Errorf("apply again: %s", out)
			}
			if out := must(t, login, with("diff", "-f", folder)...); out != "nothing changes\n" {
				t.Errorf("diff: %s", out)
			}

			must(t, login, with("export", "-f", copied)...)
			first := tree(t, copied)
			must(t, login, with("apply", "-f", copied, "--prune")...)
			must(t, login, with("export", "-f", copied)...)
			if second := tree(t, copied); second != first || !strings.Contains(first, "object/visit.json") {
				t.Errorf("export, import, export differ:\n%s\n%s", first, second)
			}

			// A folder is what it says: changed, hidden all the same, and as the package has it.
			for _, content := range []string{`{"kind":"view","name":"customers","label":"Ours"}`, "null", ""} {
				write(t, copied, map[string]string{"view/customers.json": content})
				if content == "" {
					if err := os.Remove(filepath.Join(copied, "view/customers.json")); err != nil {
						t.Fatal(err)
					}
				}
				must(t, login, with("apply", "-f", copied, "--prune")...)
				if out := must(t, login, with("diff", "-f", copied)...); out != "nothing changes\n" {
					t.Errorf("after %q: %s", content, out)
				}
			}

			write(t, folder, map[string]string{"object/visit.json": strings.Replace(visit, `"name_field":"title"`, `"name_field":"titel"`, 1)})
			status, out, _ := command(t, login, with("plan", "-f", folder)...)
			if status != 1 || !strings.Contains(out, "object/visit /name_field") || !strings.Contains(out, "title") {
				t.Errorf("plan of a mistake: %d %s", status, out)
			}
			if status, _, log := command(t, login, with("apply", "-f", folder)...); status != 1 || !strings.Contains(log, "name_field") {
				t.Errorf("apply of a mistake: %d %s", status, log)
			}
			write(t, folder, map[string]string{"object/visit.json": strings.Replace(visit, `,"length":{"type":"number","scale":1}`, "", 1)})
			if status, _, log := command(t, login, with("plan", "-f", folder)...); status != 1 || !strings.Contains(log, "--allow") {
				t.Errorf("plan of a loss: %d %s", status, log)
			}
			if out := must(t, login, with("apply", "-f", folder, "--allow", "object/visit/fields/length")...); !strings.Contains(out, "revision 6\n") {
				t.Errorf("apply of an allowed loss: %s", out)
			}
			write(t, folder, map[string]string{"notes.txt": "no document"})
			if status, _, log := command(t, login, with("apply", "-f", folder)...); status != 1 || !strings.Contains(log, "notes.txt") {
				t.Errorf("apply of a folder with other things: %d %s", status, log)
			}
			if status, _, _ := command(t, login, with("export", "-f", folder)...); status != 1 {
				t.Error("an export went into a folder with other things")
			}
		})
	}
}

// Packages are upgraded the same way over HTTP and on the store itself.
func TestUpgradeCommand(t *testing.T) {
	login := map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password", "FORMWORK_EMAIL": "admin@example.com", "FORMWORK_PASSWORD": "a given password"}
	survey := func(label, title, field string) string {
		return `{"kind":"object","name":"survey","label":"` + label + `","name_field":"title","fields":{"title":{"type":"text","label":"` + title + `"},"` + field + `":{"type":"number"}}}`
	}
	for _, way := range []string{"url", "data"} {
		t.Run(way, func(t *testing.T) {
			data, folder, own := t.TempDir(), t.TempDir(), t.TempDir()
			where := []string{"--data", data}
			if way == "url" {
				where = []string{"--url", serve(t, data, login).url}
			} else {
				must(t, login, "tenant", "create", "main", "--data", data)
			}
			with := func(arguments ...string) []string { return append(arguments, where...) }
			lacks := func(out string, lines ...string) {
				t.Helper()
				for _, line := range lines {
					if !strings.Contains(out, line) {
						t.Errorf("%q lacks in %s", line, out)
					}
				}
			}
			out := must(t, login, with("upgrade")...)
			lacks(out, "core 1.3.0 -> 1.3.0\nnothing changes\nrevision 1\n", "sales 1.6.0 -> 1.6.0\n")

			write(t, folder, map[string]string{"package/surveys.json": `{"kind":"package","name":"surveys","version":"1.0.0"}`, "object/survey.json": survey("Survey", "Title", "points")})
			out = must(t, login, with("upgrade", "-f", folder)...)
			lacks(out, "surveys (none) -> 1.0.0\n", "+ object/survey\n", "revision 2\n")
			write(t, own, map[string]string{"object/survey.json": `{"kind":"object","name":"survey","label":"Poll","fields":{"title":{"label":"Question"}}}`})
			must(t, login, with("apply", "-f", own)...)

			write(t, folder, map[string]string{"package/surveys.json": `{"kind":"package","name":"surveys","version":"1.1.0"}`, "object/survey.json": survey("Questionnaire", "Subject", "score")})
			status, out, log := command(t, login, with("upgrade", "-f", folder, "--decide", "object/survey/label=ours")...)
			lacks(out, "! object/survey/label (ours)\n    was \"Survey\", ours \"Poll\", theirs \"Questionnaire\"\n", "! object/survey/fields/title/label (not decided)\n", "surveys 1.0.0 -> 1.1.0\n")
			if lacks(log, "1 conflict is not decided"); status != 1 {
				t.Errorf("status %d", status)
			}
			decided := []string{"upgrade", "-f", folder, "--decide", "object/survey/label=ours", "--decide", "object/survey/fields/title/label=theirs"}
			_, out, log = command(t, login, with(append(decided, "--plan")...)...)
			lacks(out+log, "destructive object/survey/fields/points", "--allow")
			if status, _, _ := command(t, login, with(decided...)...); status != 1 {
				t.Error("a field was destroyed")
			}
			out = must(t, login, with(append(decided, "--allow", "object/survey/fields/points", "--plan")...)...)
			if strings.Contains(out, "revision") {
				t.Errorf("a plan upgraded: %s", out)
			}
			out = must(t, login, with(append(decided, "--allow", "object/survey/fields/points")...)...)
			lacks(out, "~ object/survey\n", "\"Question\" -> \"Subject\"", "revision 4\n")
			if strings.Contains(out, "/label: \"Poll\"") {
				t.Errorf("what is ours changed: %s", out)
			}
			for _, wrong := range [][]string{{"upgrade", "surveys", "-f", folder}, {"upgrade", "-f", folder, "--decide", "object/survey/label=mine"},
				{"upgrade", "-f", folder, "--decide", "object/survey/label=ours"}, {"upgrade", "poll"}, {"upgrade", "-f", own}} {
				if status, out, log := command(t, login, with(wrong...)...); status != 1 {
					t.Errorf("%v: %d %s%s", wrong, status, out, log)
				}
			}
			lacks(must(t, login, with("upgrade", "service")...), "service (none) -> 1.3.0\n", "+ object/article\n", "revision 5\n")
		})
	}
}

// An overlay that is applied with --merge adds to the one that was there; without, it takes its place.
func TestApplyMerges(t *testing.T) {
	login := map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password", "FORMWORK_EMAIL": "admin@example.com", "FORMWORK_PASSWORD": "a given password"}
	for _, way := range []string{"data", "url"} {
		t.Run(way, func(t *testing.T) {
			data := t.TempDir()
			where := []string{"--data", data}
			if way == "url" {
				where = []string{"--url", serve(t, data, login).url}
			} else {
				must(t, login, "tenant", "create", "main", "--data", data)
			}
			give := func(command, field string, more ...string) string {
				folder := t.TempDir()
				write(t, folder, map[string]string{"object/account.json": `{"kind":"object","name":"account","fields":{"` + field + `":{"type":"text"}}}`})
				return must(t, login, slices.Concat([]string{command, "-f", folder}, more, where)...)
			}
			for _, of := range []struct {
				command, field, want string
				more                 []string
			}{
				{"apply", "zone", "revision 2\n", nil},
				{"apply", "floor", "revision 3\n", []string{"--merge"}},
				{"plan", "zone", "nothing changes\n", []string{"--merge"}},
			} {
				if out := give(of.command, of.field, of.more...); !strings.Contains(out, of.want) {
					t.Errorf("%s of %s with %q: %s", of.command, of.field, of.more, out)
				}
			}
		})
	}
}

// tree is the content of a folder as one text.
func tree(t *testing.T, folder string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(folder, path)
		b.WriteString(filepath.ToSlash(name) + "\n" + string(raw))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTenantsAndUsers(t *testing.T) {
	data := t.TempDir()
	given := map[string]string{"FORMWORK_ADMIN_PASSWORD": "a given password", "FORMWORK_USER_PASSWORD": "a user's password"}
	must(t, given, "tenant", "create", "main", "--data", data)
	must(t, given, "tenant", "create", "acme", "--data", data, "--email", "boss@example.com")
	if status, _, log := command(t, given, "tenant", "create", "acme", "--data", data); status != 1 || !strings.Contains(log, "acme") {
		t.Errorf("made twice: %d %s", status, log)
	}
	if out := must(t, nil, "tenant", "list", "--data", data); out != "acme\nmain\n" {
		t.Errorf("list: %q", out)
	}
	must(t, given, "user", "add", "bob@example.com", "--data", data, "--tenant", "acme", "--permissions", "sales_user", "--name", "Bob")
	if status, _, _ := command(t, given, "user", "add", "bob@example.com", "--data", data, "--tenant", "acme"); status != 1 {
		t.Error("a user was added twice")
	}
	if status, _, _ := command(t, map[string]string{"FORMWORK_USER_PASSWORD": "short"}, "user", "add", "eve@example.com", "--data", data); status != 1 {
		t.Error("a user was added with a bad password")
	}
	if out := must(t, nil, "doctor", "--data", data); out != "2 tenants, nothing wrong.\n" {
		t.Errorf("doctor: %s", out)
	}
	folder := t.TempDir()
	write(t, folder, map[string]string{"view/by_account.json": `{"kind":"view","name":"by_account","object":"opportunity","show":"table","columns":["name"],"sort":["account.name"]}`})
	must(t, nil, "apply", "--data", data, "--tenant", "acme", "-f", folder)
	// There is no advice on lists of few records.
	if out := must(t, nil, "doctor", "--data", data); out != "2 tenants, nothing wrong.\n" {
		t.Errorf("doctor: %s", out)
	}
	out := must(t, nil, "user", "password", "bob@example.com", "--data", data, "--tenant", "acme")
	made := regexp.MustCompile(`password (\S+) `).FindStringSubmatch(out)
	if made == nil {
		t.Fatalf("no password in %s", out)
	}
	if status, _, _ := command(t, nil, "user", "password", "nobody@example.com", "--data", data); status != 1 {
		t.Error("a password was set for nobody")
	}

	s := serve(t, data, nil)
	for _, c := range []struct {
		tenant, email, password string
		in                      bool
	}{
		{"acme", "bob@example.com", made[1], true}, {"acme", "bob@example.com", "a user's password", false}, {"main", "bob@example.com", made[1], false},
		{"acme", "boss@example.com", "a given password", true}, {"main", "admin@example.com", "a given password", true}, {"main", "eve@example.com", "short", false},
	} {
		if in := s.login(t, c.tenant, c.email, c.password) != ""; in != c.in {
			t.Errorf("%+v: %v", c, in)
		}
	}
	s.stop()

	if status, _, _ := command(t, nil, "tenant", "delete", "acme", "--data", data); status != 1 {
		t.Error("a tenant was deleted without being sure")
	}
	must(t, nil, "tenant", "delete", "acme", "--data", data, "--yes")
	if out := must(t, nil, "tenant", "list", "--data", data); out != "main\n" {
		t.Errorf("list: %q", out)
	}
}

func TestWrongUse(t *testing.T) {
	data, folder := t.TempDir(), t.TempDir()
	for name, c := range map[string]struct {
		arguments []string
		status    int
		says      string
	}{
		"no command":        {nil, 2, "expected one of"},
		"unknown command":   {[]string{"sevre"}, 2, "sevre"},
		"unknown flag":      {[]string{"serve", "--prot", "1"}, 2, "--prot"},
		"no folder":         {[]string{"plan"}, 2, "--folder"},
		"other database":    {[]string{"tenant", "list", "--database", "postgres://x"}, 1, "mongodb://"},
		"bad URL":           {[]string{"plan", "-f", folder, "--url", "ftp://x"}, 1, "FORMWORK_URL"},
		"bad public URL":    {[]string{"serve", "--data", folder, "--public-url", "crm.example.com"}, 1, "FORMWORK_PUBLIC_URL"},
		"no login":          {[]string{"plan", "-f", folder, "--url", "http://127.0.0.1:1"}, 1, "FORMWORK_TOKEN"},
		"no such folder":    {[]string{"plan", "-f", folder + "/none", "--data", data}, 1, "none: no such file"},
		"no such data":      {[]string{"doctor", "--data", data + "/none"}, 1, "there is no folder"},
		"no such tenant":    {[]string{"plan", "-f", folder, "--data", data, "--tenant", "none"}, 1, "none"},
		"path in a tenant":  {[]string{"tenant", "create", "../x", "--data", data}, 1, "formwork: "},
		"address in use":    {[]string{"serve", "--data", data, "--listen", "256.0.0.1:1"}, 1, "listening"},
		"hasty backups":     {[]string{"serve", "--data", data + "/new", "--backup-to", data, "--backup-every", "5s"}, 1, "--backup-every"},
		"no connections":    {[]string{"serve", "--data", data + "/new", "--connections=-1"}, 1, "--connections must be at least 16"},
		"no memory":         {[]string{"serve", "--data", data + "/new", "--request-memory", "1"}, 1, "--request-memory must be at least"},
		"no time":           {[]string{"restore", "main", "--from", data, "--data", data + "/new", "--at", "yesterday"}, 1, `--at "yesterday" is no time`},
		"cell is the data":  {[]string{"tenant", "list", "--data", data, "--cell", "a=" + data}, 1, "is the cell primary"},
		"folder is no data": {[]string{"tenant", "list", "--data", "/dev/null/x"}, 1, "opening the store"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, log := command(t, nil, c.arguments...)
			if status != c.status || !strings.Contains(log, c.says) {
				t.Errorf("%d %s", status, log)
			}
		})
	}
	if out := must(t, nil, "--version"); !strings.Contains(out, version) {
		t.Errorf("version: %s", out)
	}
}
