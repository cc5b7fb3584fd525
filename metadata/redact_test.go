package metadata

import (
	"strings"
	"testing"
)

// narrow is a reader of things who may not know of secrets, and sees one view.
type narrow struct{}

func (narrow) Reads(object string) bool             { return object == "thing" }
func (n narrow) ShowsPath(object, path string) bool { return n.ReadsPath(object, path) }

func (narrow) ReadsPath(object, path string) bool {
	return object == "thing" && !strings.Contains(path, "secret")
}
func (narrow) Understands(object, condition string, queryable bool) bool {
	return object == "thing" && !strings.Contains(condition, "secret") && !(queryable && strings.Contains(condition, "slow"))
}
func (narrow) Sees(key Key) bool { return key == Key{"view", "seen"} }

func TestRedact(t *testing.T) {
	field := Choose("type", map[string]Shown{"text": AllOf("type", "length")}, AllOf("type"))
	cases := []struct {
		name       string
		rule       Shown
		body, want string // "": nothing
	}{
		{"listed members", WithHead(AllOf("a")), `{"kind":"k","name":"n","a":{"x":1},"b":2}`, `{"kind":"k","name":"n","a":{"x":1}}`},
		{"a member that is no object", Members{"a": AllOf("x")}, `{"a":"secret"}`, `{}`},
		{"a collection", Members{"a": Each(AllOf("x"))}, `{"a":{"one":{"x":1,"y":2},"two":3}}`, `{"a":{"one":{"x":1}}}`},
		{"a collection that is none", Members{"a": Each(Whole)}, `{"a":"secret"}`, `{}`},
		{"of an object that may be read", About("object", AllOf("object")), `{"object":"thing"}`, `{"object":"thing"}`},
		{"of one that may not", About("object", AllOf("object")), `{"object":"other"}`, ``},
		{"of none", About("object", AllOf("a")), `{"a":1}`, ``},
		{"fields", About("object", Members{"fields": EachField(field)}), `{"object":"thing","fields":{"secret":{"type":"text"},"a":{"type":"text","length":1,"x":2},"b":{"type":"other","length":1},"c":{}}}`,
			`{"fields":{"a":{"type":"text","length":1},"b":{"type":"other"},"c":{}}}`},
		{"for those who may read a path", About("object", Members{"a": IfPath("x", Whole), "b": IfPath("secret", Whole)}), `{"object":"thing","a":1,"b":2}`, `{"a":1}`},
		{"a choice without an otherwise", Choose("type", nil, nil), `{"type":"x"}`, ``},
		{"paths", About("object", Members{"a": Paths, "b": Path, "c": Path}), `{"object":"thing","a":["-x","secret","y.secret"],"b":"secret","c":"x"}`, `{"a":["-x"],"c":"x"}`},
		{"paths of nothing", Members{"a": Paths}, `{"a":["x"]}`, `{"a":[]}`},
		{"conditions", About("object", Members{"a": Understood, "b": Understood, "c": UnderstoodFilter}), `{"object":"thing","a":"slow","b":"secret","c":"slow"}`, `{"a":"slow"}`},
		{"provided", About("object", Provided("filter", UnderstoodFilter, AllOf("a"))), `{"object":"thing","filter":"x","a":1}`, `{"a":1}`},
		{"provided, and absent", About("object", Provided("filter", UnderstoodFilter, AllOf("a"))), `{"object":"thing","a":1}`, `{"a":1}`},
		{"provided, and not so", About("object", Provided("filter", UnderstoodFilter, AllOf("a"))), `{"object":"thing","filter":"secret","a":1}`, ``},
		{"measures", About("object", Members{"a": Measures}), `{"object":"thing","a":["x","secret",{"op":"max","field":"x","y":1},{"op":"max","field":"secret"},{"op":"count","filter":"secret"},{"op":"count","filter":"x"}]}`,
			`{"a":["x",{"field":"x","op":"max"},{"filter":"x","op":"count"}]}`},
		{"flags", Members{"a": Flag, "b": Flag}, `{"a":true,"b":"secret"}`, `{"a":true}`},
		{"names of documents", Members{"a": Named("view"), "b": Named("view"), "c": Named("app")}, `{"a":"seen","b":"unseen","c":"seen"}`, `{"a":"seen"}`},
		{"options", Members{"o": Options}, `{"o":{"a":{"label":"A","x":1}}}`, `{"o":{"a":{"label":"A"}}}`},
	}
	for _, c := range cases {
		redacted, ok := Redact(Document{Body: []byte(c.body)}, c.rule, narrow{})
		if string(redacted.Body) != c.want || ok != (c.want != "") {
			t.Errorf("%s: of %s is shown %q, not %q", c.name, c.body, redacted.Body, c.want)
		}
	}
}
