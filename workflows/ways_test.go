package workflows

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/record/session"
)

// forest makes workflows of steps of every shape at random, and knows how often each is to be done.
type forest struct {
	*rand.Rand
	nodes map[string]*Node
	want  map[string][2]int // the least and the most
	done  map[string]int
	now   time.Time
	asked map[id.ID]bool // what is waited for
	next  id.ID
}

// tree is a step of one of the shapes.
type tree struct {
	f                *forest
	name, next, body string
	shape            string
	rounds, choice   int
	ways             []string
	any              bool
}

// Do implements Step.
func (s *tree) Do(x *Execution) (Outcome, error) {
	switch s.shape {
	case "wait":
		s.f.done[s.name]++
		return Outcome{Next: s.next, Until: s.f.now.Add(time.Duration(s.choice) * time.Minute)}, nil
	case "ask":
		if x.Asked() == 0 {
			s.f.next++
			s.f.asked[s.f.next] = true
			return Outcome{Asked: s.f.next}, nil
		}
		if s.f.asked[x.Asked()] {
			return Outcome{Asked: x.Asked()}, nil
		}
	case "each":
		left, under := x.Left()
		if !under {
			s.f.done[s.name]++
			left = make([]id.ID, s.rounds)
		}
		if len(left) > 0 {
			x.Loop(append([]id.ID{}, left[1:]...))
			return Outcome{Next: s.body}, nil
		}
		x.Loop(nil)
		return Outcome{Next: s.next}, nil
	case "parallel":
		if !x.Joined() {
			return Outcome{Ways: s.ways, Any: s.any}, nil
		}
	case "branch":
		s.f.done[s.name]++
		return Outcome{Next: s.ways[s.choice]}, nil
	}
	s.f.done[s.name]++
	return Outcome{Next: s.next}, nil
}

// grow makes steps one after the other that are done so often, and returns the first.
func (f *forest) grow(deep int, least, most int) (first string) {
	for range 1 + f.IntN(3) {
		s := &tree{f: f, name: fmt.Sprint("s", len(f.nodes)), next: first, shape: "plain", choice: 1 + f.IntN(90)}
		f.nodes[s.name], f.want[s.name] = &Node{Name: s.name, Step: s}, [2]int{least, most}
		first = s.name
		switch kind := f.IntN(9); {
		case kind < 2:
			s.shape = "wait"
		case kind < 4:
			s.shape = "ask"
		case deep == 0:
		case kind == 4:
			s.shape, s.rounds = "each", f.IntN(4)
			s.body = f.grow(deep-1, least*s.rounds, most*s.rounds)
		case kind == 5 && s.next == "": // its ways end what it is in
			s.shape, s.choice = "branch", f.IntN(2)
			if s.ways = []string{f.grow(deep-1, 0, 0), f.grow(deep-1, least, most)}; s.choice == 0 {
				s.ways[0], s.ways[1] = s.ways[1], s.ways[0]
			}
		case kind > 5:
			s.shape, s.any = "parallel", f.IntN(3) == 0
			for range 2 + f.IntN(2) {
				of := least
				if s.any {
					of = 0
				}
				s.ways = append(s.ways, f.grow(deep-1, of, most))
			}
		}
	}
	return first
}

// leaving is what is let go of.
type leaving struct {
	Acts
	f *forest
}

func (l leaving) Leave(asked []id.ID) error {
	for _, key := range asked {
		delete(l.f.asked, key) // it may have been answered, and another way came first
	}
	return nil
}

// Runs of random steps do each as often as it says, whatever comes first, however few steps are done at a time, and though they are
// kept and read again whenever they stop.
func TestWaysOfRandomWorkflows(t *testing.T) {
	forked := 0
	for seed := range uint64(2000) {
		f := &forest{Rand: rand.New(rand.NewPCG(seed, 1)), nodes: map[string]*Node{}, want: map[string][2]int{}, done: map[string]int{}, now: time.UnixMilli(0), asked: map[id.ID]bool{}}
		w := &Workflow{Nodes: f.nodes}
		state := &State{Position: Position{Next: f.grow(3, 1, 1)}}
		for turns := 0; ; turns++ {
			if turns > 20_000 {
				t.Fatalf("seed %d: the run does not end: %+v", seed, state)
			}
			x := NewExecution(t.Context(), w, state, &session.Env{Clock: f.now}, leaving{f: f}, &Budget{1 + f.IntN(5)})
			if err := x.Run(func(string, string, bool) {}); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			state = kept(t, w, state)
			forked = max(forked, len(state.OnWays()))
			if !state.Waits() {
				break
			}
			f.happens(t, seed, state)
		}
		if !state.Ended() || len(f.asked) > 0 {
			t.Fatalf("seed %d: the run ended with %+v, and %v waited for", seed, state, f.asked)
		}
		for name, want := range f.want {
			if done := f.done[name]; done < want[0] || done > want[1] {
				t.Fatalf("seed %d: the step %s was done %d times, want %v", seed, name, done, want)
			}
		}
	}
	if forked < 5 {
		t.Errorf("no run went more than %d ways", forked)
	}
}

// happens has something come that a run waits for: an answer, if one is waited for, or the time.
func (f *forest) happens(t *testing.T, seed uint64, state *State) {
	t.Helper()
	due, asked := state.Due(), state.AllAsked()
	asked = slices.DeleteFunc(asked, func(key id.ID) bool { // it was answered, and no step was left in the transaction
		return !f.asked[key] && !state.Asking(key).Until.After(f.now)
	})
	if len(asked) != len(f.asked) {
		t.Fatalf("seed %d: %v is waited for at %v", seed, f.asked, asked)
	}
	switch {
	case len(asked) > 0 && (due.IsZero() || f.IntN(2) == 0):
		slices.Sort(asked)
		key := asked[f.IntN(len(asked))]
		delete(f.asked, key)
		state.Asking(key).Until = f.now
	case due.IsZero():
		t.Fatalf("seed %d: the run waits for nothing: %+v", seed, state)
	case due.After(f.now):
		f.now = due
	}
}

// kept is a state as it is when it was kept and read again.
func kept(t *testing.T, w *Workflow, s *State) *State {
	t.Helper()
	results, err := w.Keep(s)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(s.Position)
	if err != nil {
		t.Fatal(err)
	}
	again := &State{Steps: s.Steps}
	if err := json.Unmarshal(raw, &again.Position); err != nil {
		t.Fatal(err)
	}
	if err := w.Restore(again, results); err != nil {
		t.Fatal(err)
	}
	return again
}
