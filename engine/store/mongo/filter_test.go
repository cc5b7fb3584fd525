package mongo

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
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

func TestFieldNames(t *testing.T) {
	for _, name := range []string{"id", "version", "amount:i2", "phone:d.rule", "a.b.c:t"} {
		stored := field(name)
		if strings.ContainsAny(stored, ".$") || column(stored) != name {
			t.Errorf("%q is kept as %q and comes back as %q", name, stored, column(stored))
		}
	}
}
