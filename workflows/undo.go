package workflows

import (
	"maps"

	"formwork/engine/catalog"
	"formwork/engine/fault"
)

// Undoing is what a run that fails for good, or is cancelled, undoes before it ends.
type Undoing struct {
	Done  []string `json:"done,omitempty"`  // the steps that were done and say how they are undone, in order, but for those that have been
	Begun bool     `json:"begun,omitempty"` // it undoes them
	Of    string   `json:"of,omitempty"`    // the one that is being undone; "": none yet
}

// Begin has a run that waits for nothing any more undo what it did, when it next goes on. It reports whether there is anything, and
// that is not under way.
func (u *Undoing) Begin(at *Position) bool {
	if u.Begun || len(u.Done) == 0 {
		return false
	}
	u.Begun, *at = true, Position{}
	return true
}

// Undo has the run undo what its steps did, the last first, when Run is next called. What it waits for is let go of. It reports whether
// there is anything, and that is not under way.
func (x *Execution) Undo() (bool, error) {
	asked := x.state.AllAsked()
	begins := x.state.Undoing.Begin(&x.state.Position)
	if begins && len(asked) > 0 {
		return true, x.Acts.Leave(asked)
	}
	return begins, nil
}

// undo undoes steps that were done, the last first. Where that fails it is told, and the others are undone all the same.
func (x *Execution) undo(doing Doing) error {
	u := &x.state.Undoing
	for {
		err := x.goOn(&x.state.Position, u.Of+undoAt, doing)
		if f := fault.From(err); f != nil {
			if f.Kind.Breaks() {
				return err
			}
			x.Acts.Failed(f.Each()[0])
			if asked := x.state.AllAsked(); len(asked) > 0 { // on other ways
				if err := x.Acts.Leave(asked); err != nil {
					return err
				}
			}
			x.state.Position = Position{}
		}
		last := len(u.Done) - 1
		if !x.state.Ended() || last < 0 {
			return nil
		}
		u.Of, u.Done = u.Done[last], u.Done[:last]
		x.state.Position = Position{Next: x.workflow.Nodes[u.Of].Undo}
	}
}

// undo is the first of the steps that undo a step; those that can't be undone are reported.
func (c *Compiling) undo(s step, allows Effect) string {
	_, fails := s.settings.(Fails)
	switch {
	case s.undo == "":
	case allows < Writes:
		c.Report(fault.New(fault.Invalid, "workflow.undo_before_save"), undoAt)
	case s.kind.Effect() == Computes || fails:
		c.Report(fault.New(fault.Invalid, "workflow.no_undo", "type", s.kind.Name()), undoAt)
	}
	return s.undo
}

// checkUndo reports steps that say how they are undone, and are done in a loop, or to undo another: it would not be plain which of the
// times that they were done is undone.
func (g *graph) checkUndo(c *catalog.Compiling, at string) bool {
	inside := map[string]bool{}
	for _, name := range g.order {
		if l, ok := g.steps[name].settings.(Repeats); ok {
			g.reach(l.Body().To, "", Exit{}, inside)
		}
		maps.Copy(inside, g.undoing(name))
	}
	sound := true
	for _, name := range g.order {
		if inside[name] && g.steps[name].undo != "" {
			c.Report(fault.New(fault.Invalid, "workflow.undo_in_body", "step", name), at+"/steps/"+name+undoAt)
			sound = false
		}
	}
	return sound
}

// undoing are the steps that undo one.
func (g *graph) undoing(name string) map[string]bool {
	steps := map[string]bool{}
	g.reach(g.steps[name].undo, "", Exit{}, steps)
	return steps
}
