package fieldtype_test

import (
	"strings"
	"testing"

	"formwork/metadata/fieldtype"
)

// Nothing of what runs in a browser is left, however it is written, and cleaning again
// changes nothing.
func TestRichTextIsHarmless(t *testing.T) {
	v := mustBind(t, `{"type":"rich_text"}`)
	for _, hostile := range []string{
		`<p>a<script>alert(1)</script></p>`, `<p onclick="alert(1)">a</p>`, `<a href="javascript:alert(1)">a</a>`,
		`<a href=" jAvAsCrIpT:alert(1)">a</a>`, `<a href="&#106;avascript:alert(1)">a</a>`, `<a href="data:text/html,<script>">a</a>`,
		`<img src=x onerror=alert(1)>a`, `<svg/onload=alert(1)>a`, `<svg><script>alert(1)</script></svg>a`, `<math><mtext></p><style><img src=x onerror=alert(1)>a`,
		`<iframe src="//evil.example"></iframe>a`, `<object data="x"></object>a`, `<embed src=x>a`, `<form action="//evil.example"><input name=a></form>a`,
		`<p style="background:url(//evil.example)">a</p>`, `<style>@import '//evil.example'</style>a`, `<link rel=stylesheet href=//evil.example>a`,
		`<base href="//evil.example">a`, `<meta http-equiv=refresh content="0;url=//evil.example">a`, `<template><script>alert(1)</script></template>a`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">a`, `<a href="http://ok.example" target="_self" onmouseover=x>a</a>`,
		`a<!--[if IE]><script>alert(1)</script><![endif]-->`, `<scr<script>ipt>alert(1)</scr</script>ipt>a`, "<p>a\u2028<script\u00a0>x", `<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>a`,
	} {
		checkHarmless(t, v, hostile)
	}
}

// checkHarmless fails where what is stored of a text holds something that could run.
func checkHarmless(t *testing.T, v fieldtype.Value, in string) {
	t.Helper()
	stored, problem := v.Coerce(in)
	if problem != nil || stored == nil {
		return
	}
	roundTrip(t, v, stored)
	lower := strings.ToLower(stored.(string))
	for _, bad := range []string{"<script", "<img", "<svg", "<math", "<iframe", "<object", "<embed", "<form", "<input", "<style", "<link", "<base", "<meta", "<template", "<noscript", "<!--", "<x:"} {
		if strings.Contains(lower, bad) {
			t.Errorf("%q is stored as %q, which has %s", in, stored, bad)
		}
	}
	for _, tag := range strings.Split(lower, "<")[1:] {
		inside, _, _ := strings.Cut(tag, ">")
		for _, bad := range []string{" on", "javascript:", "data:", "style=", "src=", "srcdoc"} {
			if strings.Contains(inside, bad) && !strings.Contains(inside, "href=\"http") {
				t.Errorf("%q is stored as %q: a mark has %s", in, stored, bad)
			}
		}
	}
}

// What is made of a text is not larger than what is read of one, however it is written.
func TestRichTextIsBounded(t *testing.T) {
	v := mustBind(t, `{"type":"rich_text"}`)
	for _, grows := range []string{"<", "&", "<a>&"} {
		if _, problem := v.Coerce(strings.Repeat(grows, 400_000/len(grows))); problem == nil || problem.Code != "field.too_large" {
			t.Errorf("many %q: %v", grows, problem)
		}
	}
	longest := "<p>" + strings.Repeat("字", 1_000_000-7) + "</p>"
	v = mustBind(t, `{"type":"rich_text","max_length":1000000}`)
	if stored, problem := v.Coerce(longest); problem != nil || stored != longest {
		t.Errorf("the longest text is refused or changed: %v", problem)
	}
	if _, problem := v.Coerce(strings.Replace(longest, "字", "字字", 1)); problem == nil || problem.Code != "field.too_long" {
		t.Errorf("one character more: %v", problem)
	}
}

func FuzzRichText(f *testing.F) {
	for _, seed := range []string{"<p>a</p>", "a & b < c", "<a href=\"https://x.example/?a=1&b=2\">x</a>", "<table><tr><td colspan=2>a", "<p><script>x", "&lt;script&gt;", "<plaintext>a<b>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		checkHarmless(t, mustBind(t, `{"type":"rich_text"}`), in)
	})
}

func TestRichTextWords(t *testing.T) {
	v := mustBind(t, `{"type":"rich_text"}`)
	for in, want := range map[string]string{
		"<p>Hello <b>wor</b>ld</p><p>more</p>": "Hello world more",
		"a &amp; b&nbsp;c":                     "a & b c",
		"<ul><li>一</li><li>二</li></ul>":        "一 二",
	} {
		stored, problem := v.Coerce(in)
		if problem != nil {
			t.Fatal(problem)
		}
		if got := strings.Join(strings.Fields(v.(fieldtype.Words).Words(stored)), " "); got != want {
			t.Errorf("the words of %q are %q, want %q", in, got, want)
		}
	}
	for _, empty := range []string{"<p></p>", " <br> ", "<p>&nbsp;</p>"} {
		if stored, problem := v.Coerce(empty); stored != nil || problem != nil {
			t.Errorf("%q is %v, %v; want empty", empty, stored, problem)
		}
	}
}
