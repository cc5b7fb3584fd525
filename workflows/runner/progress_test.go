package runner

import (
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/workflows"
)

// What is kept of a run that goes one way is what it always was: such runs are there, and go on.
func TestProgressOfOneWay(t *testing.T) {
	late := time.UnixMilli(1_800_000_000_000).UTC()
	for says, of := range map[string]struct {
		run  Run
		want string
	}{
		"one that waits":       {Run{At: workflows.Position{Next: "a", Until: late, Watches: true}, Steps: 2, Due: late}, `{"next":"a","steps":2}`},
		"one that asked":       {Run{At: workflows.Position{Next: "a", Asked: 5, Late: late}, Steps: 2, acts: []string{"seller"}}, `{"next":"a","steps":2,"acts":["seller"],"asked":5,"late":"2027-01-15T08:00:00Z"}`},
		"one in a loop":        {Run{At: workflows.Position{Next: "a", Loops: []workflows.Loop{{Step: "each", Left: []id.ID{}}}}, Steps: 3}, `{"next":"a","steps":3,"loops":[{"step":"each","left":[]}]}`},
		"one that goes ways":   {Run{At: workflows.Position{Next: "p", Ways: []workflows.Position{{Next: "a", Until: late}, {}}, Any: true}}, `{"next":"p","steps":0,"ways":[{"next":"a","until":"2027-01-15T08:00:00Z"},{}],"any":true}`},
		"one that tries again": {Run{At: workflows.Position{Next: "a", Tried: 2}}, `{"next":"a","steps":0,"tried":2}`},
		"one that is undone":   {Run{undoing: workflows.Undoing{Done: []string{"a"}, Begun: true, Of: "b"}}, `{"steps":0,"undoing":{"done":["a"],"begun":true,"of":"b"}}`},
	} {
		raw, err := of.run.progress()
		if err != nil {
			t.Fatal(err)
		}
		if string(raw) != of.want {
			t.Errorf("%s is kept as %s, want %s", says, raw, of.want)
		}
	}
}
