package fieldtype

import (
	"strings"
	"testing"
	"unicode/utf8"

	"formwork/metadata"
)

func TestMask(t *testing.T) {
	text, _ := TextType{}.Bind("x", &metadata.Field{Type: "text"}, nil)
	for _, c := range []struct{ pattern, text, want string }{
		{"###****####", "13812345678", "138****5678"},
		{"###****####", "1381234567", "****"}, // fewer would be hidden than the mask says
		{"###****####", "", ""},
		{"***####", "6222020200001234567", "***4567"},
		{"***", "anything", "***"},
		{"***", "a", "***"},
		{"####", "1234", "***"},
		{"####", "1234567", "1234***"},
		{"#**#*#", "abcdefgh", "a****h"}, // a # between hides too
		{"##**", "张伟王芳", "张伟**"},
	} {
		if got := MaskOf(text, c.pattern).Text(c.text); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.pattern, c.text, got, c.want)
		}
	}
	if MaskOf(text, "") != nil || MaskOf(Number(2), "***") != nil {
		t.Error("a mask of what has none")
	}
}

// What a mask leaves has no more characters of the text than its pattern has signs that show
// them, whatever the text is.
func FuzzMask(f *testing.F) {
	f.Add("###****####", "13812345678")
	f.Add("####", "1234")
	f.Add("#*\xff#", "\xfe\xffabc")
	text, _ := TextType{}.Bind("x", &metadata.Field{Type: "text"}, nil)
	f.Fuzz(func(t *testing.T, pattern, of string) {
		m := MaskOf(text, pattern)
		if m == nil || of == "" || !utf8.ValidString(pattern) || !utf8.ValidString(of) {
			return
		}
		got := m.Text(of)
		if !strings.Contains(got, m.between) {
			t.Fatalf("%q of %q: %q", pattern, of, got)
		}
		if shown := utf8.RuneCountInString(got) - utf8.RuneCountInString(m.between); shown > strings.Count(pattern, "#") || shown >= utf8.RuneCountInString(of) {
			t.Fatalf("%q of %q shows %d: %q", pattern, of, shown, got)
		}
	})
}
