package mongo

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"formwork/engine/query"
	"formwork/engine/store/storetest"
)

func FuzzPrefix(f *testing.F) {
	for _, prefix := range []string{"", "a", "az", "é", "\u00bf", "\u07ff", "\ud7ff", "\uffff", "\U0010ffff", "a\U0010ffff", "a\x00", "^.*$"} {
		f.Add(prefix, prefix+"b")
		f.Add(prefix, "b")
	}
	f.Fuzz(func(t *testing.T, prefix, text string) {
		if !utf8.ValidString(prefix) || !utf8.ValidString(text) {
			t.Skip("texts are UTF-8")
		}
		bounds := startsWith(prefix)
		within := text >= bounds[0].Value.(string) && (len(bounds) == 1 || text < bounds[1].Value.(string))
		if within != strings.HasPrefix(text, prefix) {
			t.Errorf("%q is within the bounds of %q: %v", text, prefix, within)
		}
		if found := regexp.MustCompile(literal(prefix)).MatchString(text); found != strings.Contains(text, prefix) {
			t.Errorf("%q matches %q: %v", text, prefix, found)
		}
	})
}

// Simplifying and resolving parts leave what a filter says as it is.
func TestSimplify(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := storetest.Random(r, 40)
	for range 2000 {
		f := storetest.RandomFilter(r, "item", 4)
		simple := simplify(f)
		checkSimple(t, simple, true)
		for key := range d["item"] {
			get := d.Get("item", key)
			if query.Match(f, get) != query.Match(simple, get) {
				t.Fatalf("%+v is not %+v", simple, f)
			}
			if query.Match(f, get) == query.Match(negate(simple), get) {
				t.Fatalf("the opposite of %+v is not", simple)
			}
		}
	}
}

// checkSimple fails where constants are parts of a filter.
func checkSimple(t *testing.T, f query.Filter, whole bool) {
	t.Helper()
	var parts []query.Filter
	switch f := f.(type) {
	case query.All:
		parts = f
	case query.Any:
		parts = f
	case query.Not:
		checkSimple(t, f.Filter, false)
		return
	default:
		return
	}
	if len(parts) < 2 && !(whole && len(parts) == 0) {
		t.Fatalf("%#v is not simple", f)
	}
	for _, part := range parts {
		checkSimple(t, part, false)
	}
}

func TestFieldNames(t *testing.T) {
	for _, name := range []string{"id", "version", "amount:i2", "phone:d.rule", "a.b.c:t"} {
		stored := field(name)
		if strings.ContainsAny(stored, ".$") || column(stored) != name {
			t.Errorf("%q is kept as %q and comes back as %q", name, stored, column(stored))
		}
	}
}
