// Package workflows is automation as configuration: documents of the kind "workflow", compiled to
// graphs of steps when a revision is published.
//
// A workflow has one trigger, which says when it runs, a condition, and steps, each of which leads
// to others. What triggers and steps there are is a Registry's to say; a type of each is a file in
// triggers and steps. A step declares its effect: what it may do decides where it may stand, and
// nothing else reaches beyond the run. Compiling finds steps that are not there or that nothing
// leads to, ways round in a circle, and every mistake in an expression, at its place.
package workflows

import (
	"encoding/json"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/metadata"
)

// KindName is what the documents say as their "kind".
const KindName = "workflow"

// Definition is a document of a workflow.
type Definition struct {
	metadata.Head
	Object  string                     `json:"object"` // of the record that a run is about; "": of none
	Order   int                        `json:"order"`
	Active  *bool                      `json:"active"`
	Trigger json.RawMessage            `json:"trigger"` // with its type and what the type sets
	RunAs   string                     `json:"run_as"`  // "system" or "user"; "": system
	Record  *bool                      `json:"record"`  // what its runs find is kept; true when absent
	When    string                     `json:"when"`
	Start   string                     `json:"start"`
	Steps   map[string]json.RawMessage `json:"steps"`
}

// Workflow is a definition compiled. Immutable.
type Workflow struct {
	Doc     *Definition
	Object  *catalog.Object // nil: of none
	Trigger Trigger
	When    *expression.Program // nil: always
	Filter  *expression.Program // the condition of an OnTime trigger on records, which runs in the database, in place of When; nil: all
	Start   *Node
	Nodes   map[string]*Node
	inputs  Result     // what whoever sets it off fills in, or posts
	answer  []Computed // what whoever calls it reads
	calls   []call     // of other workflows, by its steps
	Reply   *Written   // what an OnPost trigger is answered; nil: the usual
	// ReadsUser: expressions read who set it off, or where they are.
	ReadsUser bool
	// holds is what the condition says, as far as that depends on the record alone; nil: nothing that is known.
	holds query.Filter
	// never are the pointers of conditions that hold for no record.
	never []string
}

// Begin is where its runs begin.
func (w *Workflow) Begin() Position { return Position{Next: w.Start.Name} }

// Node is a step in its workflow.
type Node struct {
	Name   string
	Type   StepType
	Step   Step
	Result Result // what it offers to later steps
	Failed string // the step that follows where it fails; "": the run fails
	Undo   string // the first of the steps that undo it; "": none
	Retry  *Retry // nil: it is not done again where it fails
}

// WebhookOf is what names a workflow among all that have secrets.
func WebhookOf(name string) string { return "webhook " + name }

// Holder implements connection.Holder.
func (w *Workflow) Holder() string { return WebhookOf(w.Doc.Name) }

// For implements connection.Holder: the secret of one that outside systems set off is for the way in which they prove
// that they know it.
func (w *Workflow) For() string {
	if t, ok := w.Trigger.(OnPost); ok {
		return t.Proof().Name()
	}
	return ""
}

// Active reports whether the workflow is to run when it is triggered.
func (w *Workflow) Active() bool { return w.Doc.Active == nil || *w.Doc.Active }

// AsUser reports whether runs read and write as whoever set them off.
func (w *Workflow) AsUser() bool { return w.Doc.RunAs == "user" }

// Records reports whether what its runs find is kept.
func (w *Workflow) Records() bool { return w.Doc.Record == nil || *w.Doc.Record }

// byNobody reports whether no user sets it off.
func (w *Workflow) byNobody() bool {
	switch w.Trigger.(type) {
	case OnTime, OnPost, OnReceipt:
		return true
	}
	return false
}

// Compiled are the workflows of a configuration.
type Compiled struct {
	ByName map[string]*Workflow
	// before are those that run before a record is saved, by its object and what is done to it, in
	// their order.
	before map[moment][]*Workflow
	// after are those that are set off by the event of a change.
	after map[moment][]*Workflow
	// Timed are the active workflows that the clock sets off, by name.
	Timed []*Workflow
	// manual are those that people set off, by their object.
	manual map[string][]*Workflow
	// moments are those that moments of records set off, by their object.
	moments map[string][]*Workflow
	// locks are the objects of workflows that may keep people from changing records.
	locks map[string]bool
	// watches are the objects of workflows of which runs may wait for changes of their records.
	watches map[string]bool
	// Keeps is how long runs are kept after they began, if they don't wait.
	Keeps time.Duration
	// asks are the workflows of which runs depend on who set them off; see Asks.
	asks map[string]bool
	// letters are the templates of messages that ask somebody outside.
	letters map[string]bool
}

// BringsLink reports whether the messages of a template ask somebody outside, by a link that stands below them: without it they make no sense.
func (c *Compiled) BringsLink(template string) bool { return c.letters[template] }

// moment is something that is done to the records of an object.
type moment struct {
	object string
	action record.Action
}

// Of are the workflows of a configuration.
func Of(s *catalog.Snapshot) *Compiled {
	if c := catalog.Of[*Compiled](s, KindName); c != nil {
		return c
	}
	return &Compiled{Keeps: usualDays * day}
}

// After are the active workflows that the event of a change sets off, in their order.
func (c *Compiled) After(object string, action record.Action) []*Workflow {
	return c.after[moment{object, action}]
}

// Manual are the active workflows that people set off on records of an object, in their order.
func (c *Compiled) Manual(object string) []*Workflow { return slices.Clone(c.manual[object]) }

// Moments are the active workflows that moments of an object's records set off, in their order.
func (c *Compiled) Moments(object string) []*Workflow { return c.moments[object] }

// Locks reports whether some workflow may keep people from changing records of an object.
func (c *Compiled) Locks(object string) bool { return c.locks[object] }

// Watches reports whether runs about records of an object may wait for changes of these.
func (c *Compiled) Watches(object string) bool { return c.watches[object] }

// Before are the active workflows that run before a record is saved or deleted, in their order.
func (c *Compiled) Before(object string, action record.Action) []*Workflow {
	return c.before[moment{object, action}]
}
