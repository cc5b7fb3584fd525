package template_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/template"
)

const deal = `{"kind": "object", "name": "deal", "label": "Deal", "name_field": "name", "fields": {"name": {"type": "text"}, "site": {"type": "text"}, "amount": {"type": "currency", "scale": 2}, "due": {"type": "date"}, "open": {"type": "checkbox"}}}`

func document(t *testing.T, subject, text, html any) json.RawMessage {
	t.Helper()
	d := map[string]any{"kind": "template", "name": "t", "label": "T", "object": "deal", "subject": subject, "text": text}
	if html != nil {
		d["html"] = html
	}
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Values stand in texts as people read them, and in markup escaped as their place asks for.
func TestWrite(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	tenant.Apply(deal)
	hostile := `"><script>alert(1)</script>`
	key := tenant.Create("deal", map[string]any{"name": hostile, "site": "javascript:alert(1)", "amount": "12.5", "due": "2026-05-01", "open": true})
	for _, c := range []struct{ text, html, wantText, wantHTML string }{
		{text: `{{ amount }} {{ due }} {{ open }} {{ name }}`, wantText: `12.50 2026-05-01 true ` + hostile},
		{text: `{{ "a }} b" + '{{' }}{{ amount * 2 }}`, wantText: `a }} b{{25.00`},
		{text: `{{ if open }}a{{ if amount > 100 }}b{{ else }}c{{ end }}{{ else }}d{{ end }}e`, wantText: `ace`},
		{text: `{{ if not open }}{{ name }}{{ end }}.`, wantText: `.`},
		{text: `{{ user.role }}.`, wantText: `.`},
		{text: `{ { }} {`, wantText: `{ { }} {`},
		{text: `{{ "{{ amount }}" }}`, wantText: `{{ amount }}`},
		{text: "x", html: `<p title="{{ name }}">{{ name }}</p>`, wantText: "x", wantHTML: `<p title="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>`},
		{text: "x", html: `<a href="{{ site }}">a</a><a href="https://x.example/?q={{ name }}">b</a>`, wantText: "x", wantHTML: `<a href="#ZgotmplZ">a</a><a href="https://x.example/?q=%22%3e%3cscript%3ealert%281%29%3c%2fscript%3e">b</a>`},
		{text: "x", html: `<p style="color: {{ site }}">{{ if open }}<b>{{ amount }}</b>{{ end }}</p>`, wantText: "x", wantHTML: `<p style="color: ZgotmplZ"><b>12.50</b></p>`},
	} {
		var html any
		if c.html != "" {
			html = c.html
		}
		tenant.Apply(string(document(t, "s", c.text, html)))
		env, err := tenant.System().Env(t.Context(), "deal", key)
		if err != nil {
			t.Fatal(err)
		}
		w, err := template.Of(tenant.Snapshot())["t"].Write("en", func(p *expression.Program) (any, error) { return p.Eval(env) })
		if err != nil || w.Text != c.wantText || w.HTML != c.wantHTML {
			t.Errorf("%s %s: %q %q, %v; want %q %q", c.text, c.html, w.Text, w.HTML, err, c.wantText, c.wantHTML)
		}
	}
}

// Each text is written in the language that is asked for, or the nearest there is.
func TestLanguages(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	tenant.Apply(deal, string(document(t, map[string]string{"en": "Hello", "zh": "你好"}, map[string]string{"de": "Hallo", "zh": "您好"}, "<p>all</p>")))
	for language, want := range map[string]template.Written{
		"en": {Subject: "Hello", Text: "Hallo", HTML: "<p>all</p>", Language: "de"}, "zh-TW": {Subject: "你好", Text: "您好", HTML: "<p>all</p>", Language: "zh"}, "": {Subject: "Hello", Text: "Hallo", HTML: "<p>all</p>", Language: "de"},
	} {
		got, err := template.Of(tenant.Snapshot())["t"].Write(language, nil)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", language, got, err, want)
		}
	}
}

// What is written has an end.
func TestTooLarge(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	tenant.Apply(deal, string(document(t, "s", strings.Repeat("{{ name }}", 4000), nil)))
	_, err := template.Of(tenant.Snapshot())["t"].Write("en", func(*expression.Program) (any, error) { return strings.Repeat("x", 1000), nil })
	if !fault.Is(err, "template.too_large") {
		t.Errorf("four megabytes: %v", err)
	}
	failed := errors.New("no value")
	if _, err = template.Of(tenant.Snapshot())["t"].Write("en", func(*expression.Program) (any, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("without values: %v", err)
	}
}

// Mistakes are told where they are.
func TestProblems(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	tenant.Apply(deal)
	for _, c := range []struct {
		text, html any
		want       []string
	}{
		{text: "{{ nam }}", want: []string{"expression.unknown_name /template/t/text"}},
		{text: map[string]string{"en": "{{ name }}", "zh": "{{ if name }}x{{ end }}"}, want: []string{"expression.wrong_result /template/t/text/zh"}},
		{text: "{{ name", want: []string{"template.open /template/t/text"}},
		{text: "{{ if open }}x", want: []string{"template.unbalanced /template/t/text"}},
		{text: "x{{ end }}", want: []string{"template.unbalanced /template/t/text"}},
		{text: "{{ else }}", want: []string{"template.unbalanced /template/t/text"}},
		{text: "{{ if open }}{{ else }}{{ else }}{{ end }}", want: []string{"template.unbalanced /template/t/text"}},
		{text: "a\x01.System\x02", want: []string{"template.control /template/t/text"}},
		{text: "{{ unsubscribe_link }}", want: []string{"expression.unknown_name /template/t/text"}}, // nobody unsubscribes
		{text: "{{ }}", want: []string{"expression.unfinished /template/t/text"}},
		{text: "x", html: `<a href="{{ if open }}x"{{ end }}>`, want: []string{"template.place /template/t/html"}},
		{text: "x", html: `<p title={{ name }}{{ if open }}'{{ end }}>`, want: []string{"template.place /template/t/html"}},
	} {
		plan, err := tenant.Catalog.Plan(t.Context(), tenant.Tenant, catalog.Change{Documents: []json.RawMessage{document(t, "s", c.text, c.html)}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range plan.Problems {
			got = append(got, f.Code+" "+f.Pointer)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v %v: %q, want %q", c.text, c.html, got, c.want)
		}
	}
}

// Mistakes in what is printed are told where they are.
func TestDocumentProblems(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	tenant.Apply(deal)
	for body, want := range map[string]string{
		`{"type": "paragraph", "text": "{{ nam }}"}`:                    "expression.unknown_name /template/t/document/body/a/text",
		`{"type": "heading", "text": {"en": "x", "zh": "{{ due + }}"}}`: "expression.unfinished /template/t/document/body/a/text/zh",
		`{"type": "paragraph", "text": "<b>x"}`:                         "template.styles /template/t/document/body/a/text",
		`{"type": "paragraph", "text": "</i>x<i>"}`:                     "template.styles /template/t/document/body/a/text",
		`{"type": "paragraph", "text": "x", "if": "amount"}`:            "expression.wrong_result /template/t/document/body/a/if",
		`{"type": "paragraph", "text": "{{ page.number }}"}`:            "expression.unknown_name /template/t/document/body/a/text",
		`{"type": "paragraph"}`:                                         "schema.required /template/t/document/body/a/text",
		`{"type": "poem", "text": "x"}`:                                 "schema.enum /template/t/document/body/a/type",
		`{"type": "line", "text": "x"}`:                                 "schema.unknown_property /template/t/document/body/a/text",
		`{"type": "image", "field": "name"}`:                            "template.no_files /template/t/document/body/a/field",
		`{"type": "table", "object": "deal", "filter": "id == record.idd", "columns": {"c": {"value": "name"}}}`:                        "expression.unknown_name /template/t/document/body/a/filter",
		`{"type": "table", "object": "deal", "filter": "id == record.id", "columns": {"c": {"value": "nam", "total": "{{ amount }}"}}}`: "expression.unknown_name /template/t/document/body/a/columns/c/value",
		`{"type": "columns", "columns": {"l": {"body": {}}, "r": {"body": {"p": {"type": "paragraph", "text": "{{ if open }}"}}}}}`:     "template.unbalanced /template/t/document/body/a/columns/r/body/p/text",
		`{"type": "group", "body": {"p": {"type": "paragraph", "text": "\u0010x"}}}`:                                                    "template.control /template/t/document/body/a/body/p/text",
	} {
		document := `{"kind": "template", "name": "t", "label": "T", "object": "deal", "document": {"body": {"a": ` + body + `}}}`
		plan, err := tenant.Catalog.Plan(t.Context(), tenant.Tenant, catalog.Change{Documents: []json.RawMessage{json.RawMessage(document)}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range plan.Problems {
			got = append(got, f.Code+" "+f.Pointer)
		}
		if !slices.Contains(got, want) {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
}
