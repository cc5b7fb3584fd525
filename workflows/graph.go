package workflows

import (
	"encoding/json"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata"
)

// graph is how the steps of a definition lead to each other.
type graph struct {
	start string
	steps map[string]step
	order []string // of the steps that can be reached, each after those that lead to it
}

type step struct {
	kind     StepType
	settings Settings
	failed   string    // the step that follows where it fails; "": none
	retry    *retrying // when it is done again where it fails; nil: it is not
}

// failedAt is where a step says which follows where it fails.
const failedAt = "/failed"

// exits are all steps that one may lead to.
func (g *graph) exits(name string) []Exit {
	s := g.steps[name]
	return append(slices.Clone(s.settings.Exits()), Exit{failedAt, s.failed})
}

// readAs reads settings as the type that they name says; ok is false where the schema has refused them, so that there
// is no such type, or they can't be read, which is reported.
func readAs[T, S any](types map[string]T, raw json.RawMessage, read func(T, json.RawMessage) (S, error), c *catalog.Compiling, at string) (settings S, ok bool) {
	var head struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return settings, false
	}
	t, ok := types[head.Type]
	if !ok {
		return settings, false
	}
	settings, err := read(t, raw)
	if err != nil {
		if !c.Refused(at) {
			c.Report(fault.New(fault.Invalid, "catalog.unreadable").Because(err), at)
		}
		return settings, false
	}
	return settings, true
}

// graphOf reads the steps of a definition; ok is false where one that can't be read is reported.
func (r *Registry) graphOf(c *catalog.Compiling, d *Definition, at string) (g *graph, ok bool) {
	g, ok = &graph{start: d.Start, steps: make(map[string]step, len(d.Steps))}, true
	for name, raw := range d.Steps {
		var kind StepType
		settings, read := readAs(r.steps, raw, func(t StepType, raw json.RawMessage) (Settings, error) {
			kind = t
			return t.Read(raw)
		}, c, at+"/steps/"+name)
		if ok = ok && read; !read {
			continue
		}
		var all struct {
			Failed string    `json:"failed"`
			Retry  *retrying `json:"retry"`
		}
		if err := json.Unmarshal(raw, &all); err != nil {
			c.Report(fault.New(fault.Invalid, "catalog.unreadable").Because(err), at+"/steps/"+name)
			ok = false
		}
		g.steps[name] = step{kind, settings, all.Failed, all.Retry}
		if _, fails := settings.(Fails); fails && all.Failed != "" {
			c.Report(fault.New(fault.Invalid, "workflow.fails", "type", kind.Name()), at+"/steps/"+name+failedAt)
		}
		if _, forks := settings.(Forks); forks && all.Failed != "" {
			c.Report(fault.New(fault.Invalid, "workflow.ways_fail", "type", kind.Name()), at+"/steps/"+name+failedAt)
		}
	}
	return g, ok
}

// check reports exits that lead to no step, steps that nothing leads to, and circles. It finds the
// order of the others, and returns false if there is none.
func (g *graph) check(c *catalog.Compiling, at string) bool {
	known := slices.Sorted(maps.Keys(g.steps))
	found := g.find(c, at, g.start, known, "/start")
	for _, name := range known {
		for _, exit := range g.exits(name) {
			if exit.To != "" {
				found = g.find(c, at, exit.To, known, "/steps/"+name+exit.At) && found
			}
		}
	}
	if !found {
		return false
	}
	// Depth first: a step stands before all that it leads to once those are through.
	const (
		under = 1 // its ways are being followed
		done  = 2
	)
	state := make(map[string]int, len(g.steps))
	sound := true
	var follow func(name string)
	follow = func(name string) {
		state[name] = under
		for _, exit := range g.exits(name) {
			switch {
			case exit.To == "":
			case state[exit.To] == under:
				c.Report(fault.New(fault.Invalid, "workflow.circle", "step", exit.To), at+"/steps/"+name+exit.At)
				sound = false
			case state[exit.To] == 0:
				follow(exit.To)
			}
		}
		state[name] = done
		g.order = append(g.order, name)
	}
	follow(g.start)
	slices.Reverse(g.order)
	for _, name := range known {
		if state[name] == 0 {
			c.Report(fault.New(fault.Invalid, "workflow.unreachable", "step", name), at+"/steps/"+name)
		}
	}
	for _, name := range g.order {
		for _, body := range g.bodies(name) {
			if sound {
				sound = g.checkBody(c, at, name, body)
			}
		}
	}
	return sound && g.checkWays(c, at)
}

// bodies lead to the steps that a step does repeatedly, or on each of its ways.
func (g *graph) bodies(name string) []Exit {
	switch s := g.steps[name].settings.(type) {
	case Repeats:
		return []Exit{s.Body()}
	case Forks:
		return s.Ways()
	}
	return nil
}

// checkBody reports steps that are done both in the body of another, a loop or one of several ways, and outside of it: where they
// lead to no other, it would not be plain whether the loop goes on, the way ends or the run does.
func (g *graph) checkBody(c *catalog.Compiling, at, of string, body Exit) bool {
	inside, outside := map[string]bool{}, map[string]bool{}
	g.reach(body.To, "", Exit{}, inside)
	g.reach(g.start, of, body, outside)
	for _, name := range g.order {
		if inside[name] && outside[name] {
			problem := fault.New(fault.Invalid, "workflow.shared_step", "step", name, "loop", of)
			if _, forks := g.steps[of].settings.(Forks); forks {
				problem = fault.New(fault.Invalid, "workflow.shared_way", "step", name, "parallel", of)
			}
			c.Report(problem, at+"/steps/"+name)
			return false
		}
	}
	return true
}

// reach notes the steps that can be reached from one, but not by a body of a step.
func (g *graph) reach(from, of string, body Exit, reached map[string]bool) {
	if from == "" || reached[from] {
		return
	}
	reached[from] = true
	for _, exit := range g.exits(from) {
		if from != of || exit != body {
			g.reach(exit.To, of, body, reached)
		}
	}
}

// onWays are the steps on the ways of one; nil if it goes none.
func (g *graph) onWays(name string) map[string]bool {
	s, ok := g.steps[name].settings.(Forks)
	if !ok {
		return nil
	}
	on := map[string]bool{}
	for _, way := range s.Ways() {
		g.reach(way.To, "", Exit{}, on)
	}
	return on
}

const (
	maxAtOnce = 20 // that a run goes at once
	maxForks  = 5  // that are within each other
)

// checkWays reports steps by which a run would go too many ways at once, the innermost of them.
func (g *graph) checkWays(c *catalog.Compiling, at string) bool {
	wide, deep := map[string]int{}, map[string]int{} // how many ways a step goes at once, with those within, and how many are within each other
	for _, name := range slices.Backward(g.order) {
		s, ok := g.steps[name].settings.(Forks)
		if !ok {
			continue
		}
		for _, way := range s.Ways() {
			on, widest := map[string]bool{}, 1
			g.reach(way.To, "", Exit{}, on)
			for step := range on {
				widest, deep[name] = max(widest, wide[step]), max(deep[name], deep[step])
			}
			wide[name] += widest
		}
		deep[name]++
		switch {
		case wide[name] > maxAtOnce:
			c.Report(fault.New(fault.Invalid, "workflow.too_many_ways", "limit", maxAtOnce), at+"/steps/"+name+"/ways")
			return false
		case deep[name] > maxForks:
			c.Report(fault.New(fault.Invalid, "workflow.ways_too_deep", "limit", maxForks), at+"/steps/"+name+"/ways")
			return false
		}
	}
	return true
}

// find reports a step that is not there, unless it was refused itself.
func (g *graph) find(c *catalog.Compiling, at, name string, known []string, place string) bool {
	if _, ok := g.steps[name]; ok {
		return true
	}
	switch near, ok := metadata.Nearest(name, known); {
	case c.Refused(at + "/steps/" + name):
	case ok:
		c.Report(fault.New(fault.Invalid, "workflow.unknown_step_near", "step", name, "suggestion", near), at+place)
	default:
		c.Report(fault.New(fault.Invalid, "workflow.unknown_step", "step", name), at+place)
	}
	return false
}

// before are the results of the steps that may have run before a step.
func (g *graph) before(name string, nodes map[string]*Node) map[string]expression.Names {
	leads := map[string]bool{name: true}
	results := map[string]expression.Names{}
	for _, earlier := range slices.Backward(g.order[:slices.Index(g.order, name)]) {
		if !slices.ContainsFunc(g.exits(earlier), func(e Exit) bool { return leads[e.To] }) {
			continue
		}
		leads[earlier] = true
		offer(results, nodes[earlier])
		if on := g.onWays(earlier); !on[name] { // its ways have come together by then
			for step := range on {
				offer(results, nodes[step])
			}
		}
	}
	return results
}

// results are those of all steps, for what is computed when the run has ended.
func (g *graph) results(nodes map[string]*Node) map[string]expression.Names {
	results := map[string]expression.Names{}
	for _, name := range g.order {
		offer(results, nodes[name])
	}
	return results
}

func offer(results map[string]expression.Names, n *Node) {
	if n != nil && len(n.Result) > 0 {
		results[stepsRoot+n.Name] = n.Result
	}
}

const (
	// stepsRoot is what the names of results begin with.
	stepsRoot = "steps."
	// inputRoot is what the names of inputs begin with, and inputKey where they are kept beside the results of
	// steps: no step has that name.
	inputRoot = "input"
	inputKey  = "/input"
)
