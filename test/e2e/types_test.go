package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// misfits are values that a field must not take, by field of everyType.
var misfits = map[string][]string{
	"name":      {`1`, `true`, `{}`, `["x"]`, `null`, `""`, `"   "`, `"` + strings.Repeat("x", 101) + `"`, `"a\u0000b"`, `"a\nb"`, `"a\u001bb"`},
	"code":      {`"ab-1"`, `"AB-1x"`, `"AB-1\n"`, `{"$gt":""}`, `7`},
	"body":      {`1`, `[]`, `{"$ref":"file:///etc/passwd"}`, `"` + strings.Repeat("字", 100_001) + `"`, `"a\u0000b"`},
	"whole":     {`"x"`, `1001`, `-1001`, `true`, `[]`, `"0x10"`, `1e30`, `"∞"`, `"NaN"`},
	"exact":     {`99999999999999999999`, `{}`, `"one"`, `"1,2,3"`},
	"price":     {`"12€x"`, `[1]`, `{"amount":1}`, `1e17`, `"--1"`},
	"share":     {`101`, `-0.1`, `false`},
	"active":    {`2`, `"maybe"`, `[]`, `{}`},
	"day":       {`"2026-02-30"`, `"30.2.2026"`, `20260228`, `"tomorrow"`, `true`, `"2026-02-28; drop table"`, `"0000-00-00"`, `"99999-01-01"`},
	"moment":    {`"2026-02-28"`, `"2026-02-28T25:00:00Z"`, `1`, `{}`, `"now"`},
	"hour":      {`"24:01"`, `"noon"`, `12`, `[]`},
	"lasts":     {`"soon"`, `{}`, `"1y"`, `"99999999999h"`, `true`},
	"colour":    {`"purple"`, `1`, `["red"]`, `{"red":true}`},
	"sizes":     {`["s","xl"]`, `{"s":true}`, `[1]`, `[["s"]]`, `[null]`},
	"mail":      {`"nobody"`, `"a@b@c"`, `"a b@example.com"`, `1`, `"a@example.com\nBcc: x@y.z"`, `["a@example.com"]`},
	"tel":       {`"call me"`, `{}`, `123`, `"1"`},
	"site":      {`"javascript:alert(1)"`, `"file:///etc/passwd"`, `"//"`, `"http://"`, `"data:text/html,x"`, `1`, `"https://exa mple.com"`},
	"residence": {`"somewhere"`, `{"street":1}`, `{"planet":"Mars"}`, `[]`, `{"$ref":"http://127.0.0.1/"}`},
	"place":     {`{"lat":91,"lng":0}`, `{"lat":null,"lng":0}`, `{"lat":"x","lng":"y"}`, `"here"`, `[1,2]`, `{"lat":0,"lng":181}`, `{"lat":0,"lng":0,"alt":1}`},
	"labels":    {`{"a":1}`, `[1]`, `[["a"]]`, `[null]`, `["` + strings.Repeat("x", 10_000) + `"]`, `[` + manyTags(5000) + `]`},
	"number":    {`"E-2026-0001"`, `1`},
	"account":   {`"no id"`, `1`, `{"id":"0000000000001"}`, `"0000000000001"`, `["0000000000001"]`, `"../account"`, `true`},
	"parent":    {`"00000000000z1"`, `{}`},
	"about":     {`"account"`, `{"object":"account"}`, `{"object":"user","id":"0000000000001"}`, `{"object":"planet","id":"0000000000001"}`, `"account/../user"`, `1`, `{"object":"account","id":"0000000000001","x":1}`},
	"assistant": {`"nobody"`, `"0000000000001"`, `1`},
	"extra":     {nested(40), `"` + strings.Repeat("x", 300_000) + `"`},
	"rows":      {`{}`, `[1]`, `[{}]`, `[{"what":1}]`, `[{"what":"x","other":1}]`, `[{"what":"x","parts":[{"n":"y"}]}]`, `"x"`, `[` + strings.Repeat(`{"what":"x"},`, 20_000) + `{"what":"x"}]`},
	"double":    {`1`, `null`},
	"kids":      {`1`},
	"id":        {`"0000000000001"`, `1`},
	"version":   {`1`},
	"created_at": {
		`"2020-01-01T00:00:00Z"`},
	"created_by": {`"0000000000001"`},
	"owner":      {`"0000000000001"`, `1`, `{}`},
}

func manyTags(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"t%d"`, i)
	}
	return strings.Join(all, ",")
}

func TestValuesThatDoNotFit(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t, everyType("misfit"))
	account := admin.create(t, "account", object{"name": "Of misfits"})
	id := admin.create(t, "misfit", complete("Fits", account, admin.id))
	was := admin.must(t, 200, "GET", "/records/misfit/"+id, nil)
	before := w.written(t, "main")
	for field, values := range misfits {
		for _, value := range values {
			t.Run(field+"="+clip(value), func(t *testing.T) {
				for who, language := range map[*client]string{w.admin.en: "en", w.admin.zh: "zh"} {
					for method, path := range map[string]string{"POST": "/records/misfit", "PATCH": "/records/misfit/" + id} {
						body := `{"` + field + `":` + value + `}`
						if method == "POST" && field != "name" {
							body = `{"name":"x","` + field + `":` + value + `}`
						}
						a := who.do(t, method, path, body)
						problem(t, a, 422, "record.invalid", language)
						if !pointsAt(a, "/"+field) {
							t.Errorf("%s: no problem at /%s: %v", method, field, a)
						}
					}
				}
			})
		}
	}
	if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
		t.Errorf("refused, but wrote %v", wrote)
	}
	if is := admin.must(t, 200, "GET", "/records/misfit/"+id, nil); fmt.Sprint(is) != fmt.Sprint(was) {
		t.Errorf("was %v\nis %v", was, is)
	}
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40]
	}
	return s
}

// pointsAt reports whether a problem is at a place, or below it.
func pointsAt(a *answer, pointer string) bool {
	list, _ := a.json()["errors"].([]any)
	return slices.ContainsFunc(list, func(one any) bool {
		at, _ := one.(object)["pointer"].(string)
		return at == pointer || strings.HasPrefix(at, pointer+"/")
	})
}

// All that is wrong is said at once.
func TestProblemsComeTogether(t *testing.T) {
	w := theWorld(t)
	a := w.admin.en.do(t, "POST", "/records/opportunity", `{"nam":"x","amount":"much","stage":"wonn","close_date":"2026-13-01","version":3}`)
	problem(t, a, 422, "record.invalid", "en")
	for _, pointer := range []string{"/nam", "/amount", "/stage", "/close_date", "/version"} {
		if !pointsAt(a, pointer) {
			t.Errorf("nothing at %s: %v", pointer, a)
		}
	}
	if !strings.Contains(string(a.raw), `"suggestion":"name"`) {
		t.Errorf("no suggestion: %v", a)
	}
}

// What fits comes back as it was sent.
func TestValuesThatFit(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t, everyType("fitting"))
	account := admin.create(t, "account", object{"name": "Of fitting"})
	sent := complete("Fits", account, admin.id)
	id := admin.create(t, "fitting", sent)
	got := admin.must(t, 200, "GET", "/records/fitting/"+id, nil)
	for field, want := range map[string]any{"exact": json.Number("0.000001"), "price": json.Number("19.99"), "share": json.Number("12.5"),
		"day": "2026-02-28", "moment": "2026-02-28T23:59:59Z", "colour": "green", "double": json.Number("39.98"), "quadrupl": json.Number("79.96"),
		"account": account, "active": false, "kids": json.Number("0"), "whole": json.Number("42")} {
		if got[field] != want {
			t.Errorf("%s: %v, want %v", field, got[field], want)
		}
	}
	if hits := admin.list(t, "fitting", "q", "文字 wor"); len(hits) != 1 {
		t.Errorf("search finds %d", len(hits))
	}
}
