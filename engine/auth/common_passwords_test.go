package auth

import (
	"testing"
	"unicode/utf8"

	"formwork/metadata/fieldtype"
)

// The list holds what passes all other rules, in the form in which passwords are compared.
func TestCommonPasswords(t *testing.T) {
	all := commonPasswords()
	if len(all) < 10_000 {
		t.Fatalf("%d passwords", len(all))
	}
	for _, p := range all {
		if utf8.RuneCountInString(p) < minPassword || varied(p) < 4 || fieldtype.Fold(p) != p || !isCommon(p) {
			t.Errorf("%q is refused without the list, or not found in it", p)
		}
	}
	if isCommon("correct horse battery") {
		t.Error("a password that nobody has is common")
	}
}
