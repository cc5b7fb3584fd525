package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// world is a server with two tenants and people in them.
type world struct {
	*server
	admin pair // may do everything
	rep   pair // a sales user
	other *client
}

// pair is the same person twice: one is answered in English, one in Chinese.
type pair struct{ en, zh *client }

// theWorld is the world that all tests share which leave it as they found it, or
// only add to it.
func theWorld(t *testing.T) *world {
	t.Helper()
	shared.Do(func() {
		dir, err := os.MkdirTemp("", "formwork-world-")
		if err != nil {
			shared.err = err
			return
		}
		s := &server{dir: dir, log: &lockedBuffer{}}
		if shared.err = s.begin(); shared.err != nil {
			return
		}
		shared.server = s
		if out, err := s.formwork("tenant", "create", "other"); err != nil {
			shared.err = fmt.Errorf("making a second tenant: %w: %s", err, out)
			return
		}
		w := &world{server: s, other: s.admin(t, "other")}
		w.admin.en = s.admin(t, "main")
		w.admin.zh = w.admin.en.user(t, "main", "admin-zh@example.com", object{"permissions": []string{"admin"}, "language": "zh"})
		w.rep.en = w.admin.en.user(t, "main", "rep@example.com", object{"permissions": []string{"sales_user"}, "role": "sales_rep"})
		w.rep.zh = w.admin.en.user(t, "main", "rep-zh@example.com", object{"permissions": []string{"sales_user"}, "role": "sales_rep", "language": "zh"})
		shared.world = w
	})
	if shared.err != nil || shared.world == nil {
		t.Fatalf("there is no world: %v", shared.err)
	}
	began := len(shared.server.log.String())
	t.Cleanup(func() {
		log := shared.server.log.String()[began:]
		if strings.Contains(log, "panic") || strings.Contains(log, "level=ERROR") {
			t.Errorf("the server's log has errors:\n%s", tail(log, 4000))
		}
	})
	return shared.world
}

// refusal is a request that must be refused, clearly, and without a trace.
type refusal struct {
	says    string
	as      *pair // the admin when nil
	send    string
	body    any
	headers []string
	status  int
	code    string
	has     []string // texts somewhere in the English answer
}

// refuse sends it in both languages.
func (w *world) refuse(t *testing.T, r refusal) {
	t.Helper()
	t.Run(r.says, func(t *testing.T) {
		t.Helper()
		as := r.as
		if as == nil {
			as = &w.admin
		}
		method, path, _ := strings.Cut(r.send, " ")
		before := w.written(t, "main")
		english := as.en.do(t, method, path, r.body, append(r.headers, "Accept-Language", "en")...)
		problem(t, english, r.status, r.code, "en")
		for _, want := range r.has {
			if !strings.Contains(string(english.raw), want) {
				t.Errorf("%v lacks %q", english, want)
			}
		}
		problem(t, as.zh.do(t, method, path, r.body, append(r.headers, "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5")...), r.status, r.code, "zh")
		if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
			t.Errorf("refused, but wrote %v", wrote)
		}
	})
}

// inside are marks of what belongs to the program and not to its users.
var inside = regexp.MustCompile(`(?i:goroutine |panic|runtime error|nil pointer|sqlite|fasthttp|fiber|stack trace|select .* from |insert into|\bunmarshal|<nil>|%!)` +
	`|\.go\b|/tmp/|/root/|/home/|\bmap\[|\*?\b(fault|record|catalog|query|store|json|metadata|fieldtype|transfer|policy|auth|api|id|ast|rego|big|time|strconv|http|multipart|mime|csv)\.[A-Z]\w+|interface ?\{|struct ?\{|\b(u?int(8|16|32|64)|float(32|64)|\[\][a-z]+)\b|\{[a-z_]+\}`)

// problem checks that an answer is a problem document of the contract's form.
func problem(t *testing.T, a *answer, status int, code, language string) {
	t.Helper()
	p := a.json()
	if a.status != status || p["code"] != code {
		t.Errorf("%v, want %d %s", a, status, code)
		return
	}
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/problem+json") {
		t.Errorf("Content-Type %q", kind)
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Error("the answer has no id")
	}
	detail, _ := p["detail"].(string)
	number, _ := p["status"].(json.Number)
	if p["type"] == nil || p["title"] != http.StatusText(status) || number.String() != fmt.Sprint(status) {
		t.Errorf("head of the document: %v", a)
	}
	spoken(t, detail, language, code)
	for name := range p {
		if !slices.Contains([]string{"type", "title", "status", "code", "detail", "id", "pointer", "params", "errors"}, name) {
			t.Errorf("a member %q that the contract does not know: %v", name, a)
		}
	}
	if list, ok := p["errors"]; ok {
		findings, _ := list.([]any)
		if len(findings) == 0 {
			t.Errorf("errors without one: %v", a)
		}
		for _, one := range findings {
			finding, _ := one.(object)
			pointer, ok := finding["pointer"].(string)
			if !ok || pointer != "" && pointer[0] != '/' {
				t.Errorf("the pointer of %v", finding)
			}
			if code, _ := finding["code"].(string); !strings.Contains(code, ".") {
				t.Errorf("the code of %v", finding)
			}
			said, _ := finding["detail"].(string)
			spoken(t, said, language, fmt.Sprint(finding["code"]))
		}
	}
	if leak := inside.Find(a.raw); leak != nil {
		t.Errorf("the answer shows %q: %v", leak, a)
	}
}

// spoken checks that a text is there, and in a language.
func spoken(t *testing.T, s, language, code string) {
	t.Helper()
	chinese := strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	if s == "" || s == code || chinese != (language == "zh") {
		t.Errorf("the text of %s in %s: %q", code, language, s)
	}
}
