package workflows

import (
	"testing"

	"formwork/metadata"
)

// Whatever is posted, what is taken of it is of the type that is said, and what is required is there or missed.
func FuzzTake(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":1.25}],"c":"x","d":true}`), "/a/0/b", 2)
	f.Add([]byte(`[[[null]]]`), "/0/0/0", 0)
	f.Add([]byte(`{"~1":"\u0000"}`), "/~01", 0)
	f.Add([]byte(`1e999999`), "", 9)
	f.Fuzz(func(t *testing.T, raw []byte, at string, scale int) {
		whole, problem := metadata.ReadJSON(raw, metadata.Limits{Depth: 64})
		if problem != nil {
			return
		}
		all := Takings{}
		for _, kind := range []string{"text", "number", "checkbox"} {
			all[kind] = Taking{At: at, Type: kind, Scale: max(0, min(scale, 9)), Required: true}
		}
		values, problems := all.Take(whole)
		if len(values)+len(problems) != len(all) {
			t.Fatalf("%d values and %d problems of %s", len(values), len(problems), raw)
		}
		for name, v := range values {
			kept := all[name].value().AppendJSON(nil, v)
			again, problem := metadata.ReadJSON(kept, metadata.Limits{Depth: 2})
			if problem != nil {
				t.Fatalf("%s is kept as %s: %v", name, kept, problem)
			}
			if back, problem := all[name].value().Coerce(again); problem != nil || back != v {
				t.Errorf("%s is %v and then %v (%v)", name, v, back, problem)
			}
		}
		for _, p := range problems {
			if p.Pointer != at {
				t.Errorf("a problem at %q of %q", p.Pointer, at)
			}
		}
	})
}
