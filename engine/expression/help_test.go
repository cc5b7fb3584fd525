package expression

import (
	"slices"
	"strings"
	"testing"

	"formwork/metadata/fieldtype"
)

// Each function is told of in every language, as it is called and by what it gives, and no
// others are.
func TestFunctionsAreExplained(t *testing.T) {
	var names []string
	chinese := Functions("zh")
	for i, f := range Functions("de") {
		names = append(names, f.Name)
		if f.Says == "" || chinese[i].Says == "" || f.Says == chinese[i].Says {
			t.Errorf("%s is not explained in both languages: %q, %q", f.Name, f.Says, chinese[i].Says)
		}
		if !strings.HasPrefix(f.Form, f.Name+"(") || !slices.Contains([]string{"text", "number", "date", "rows", "other"}, f.Group) {
			t.Errorf("%s is written %q in the group %q", f.Name, f.Form, f.Group)
		}
		if f.Example == "" {
			continue
		}
		if _, problems := Compile(f.Example, Scope{Result: fieldtype.AnyKind, Scale: -1}); len(problems) > 0 {
			t.Errorf("the example %q: %v", f.Example, problems)
		}
	}
	if known := functionNames(); !slices.Equal(names, known) {
		t.Errorf("explained are %v, and there are %v", names, known)
	}
}
