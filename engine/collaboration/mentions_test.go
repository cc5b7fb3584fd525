package collaboration

import (
	"slices"
	"strings"
	"testing"

	"formwork/engine/id"
)

// Whatever a text holds: what is kept has no name in a mention, names the same users, and is the
// same when it is kept once more, with any names in it.
func FuzzMentions(f *testing.F) {
	ann := id.Named("ann").String()
	for _, text := range []string{"@[Ann](user:" + ann + ")", "@[A[n]n](user:" + ann + ")", "@[](user:" + ann + ")(user:" + ann + ")", "@[x](user:0)", "@[@[](user:" + ann + ")"} {
		f.Add(text, "Ann]( ")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		kept := withNames(text, nil)
		users := mentioned(kept)
		if !slices.Equal(users, mentioned(text)) && len(mentioned(text)) > 0 {
			t.Errorf("%q mentions %v, and is kept as %q, which mentions %v", text, mentioned(text), kept, users)
		}
		called := map[id.ID]string{}
		for _, user := range users {
			called[user] = clipped(name)
		}
		shown := withNames(kept, called)
		if again := withNames(shown, nil); again != kept {
			t.Errorf("%q is shown as %q, and kept then as %q", kept, shown, again)
		}
	})
}

// clipped is a name as long as one may be that a client sends back.
func clipped(name string) string {
	runes := []rune(strings.ToValidUTF8(name, ""))
	return string(runes[:min(len(runes), 200)])
}
