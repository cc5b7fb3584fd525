package workflows

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/template"
	"formwork/metadata"
	"formwork/workflows/outside"
	"formwork/workflows/webhook"
)

// Effect is the most that a step does. What tries a workflow, or runs it before a save, trusts it.
type Effect int

// Effects, each of which includes those before it.
const (
	Computes Effect = iota // nothing but the run itself is changed
	Sets                   // fields of the record that the run is about
	Writes                 // what the tenant's store keeps, in the transaction of the run
	Waits                  // nothing, but the run goes on later
)

// StepType is a kind of step. Safe for concurrent use; it keeps no state.
type StepType interface {
	// Name is what steps say as their "type".
	Name() string
	// Schema is the JSON Schema of the settings of such a step: an object with title, description,
	// properties and required. It may refer to "#/$defs/" name, text, expression, values and next.
	Schema() json.RawMessage
	Effect() Effect
	// Read decodes settings that keep to the schema.
	Read(settings json.RawMessage) (Settings, error)
}

// Settings are what a document says of a step.
type Settings interface {
	// Exits are the steps that it may lead to.
	Exits() []Exit
	// Compile makes the step, or reports every problem to c and returns what it can't use, nil or
	// not.
	Compile(c *Compiling) Step
}

// Repeats are Settings of a step that does others once for each of several records.
type Repeats interface {
	// Body leads to the first of those.
	Body() Exit
}

// Forks are Settings of a step that goes several ways at once. Such a step itself can't fail.
type Forks interface {
	// Ways lead to the first of the steps on each.
	Ways() []Exit
}

// Tries are Settings of a step that says by itself how often it is tried.
type Tries interface{ Retries() }

// Fails are Settings of a step that is there to fail the run, so that none follows where it does.
type Fails interface{ Fails() }

// Exit is where a step leads to.
type Exit struct {
	At string // the JSON pointer within the step
	To string // a step
}

// Step is a step compiled. Immutable, safe for concurrent use.
type Step interface {
	// Do does the step, and says where the run goes on. A fault fails the step; of kind Forbidden,
	// Invalid or Conflict it is told to whoever waits for the run. A step that fails has changed nothing: what may be refused is its
	// only act, or comes before the others. Where another step follows on that, it reads Outcome.Result all the same.
	Do(x *Execution) (Outcome, error)
}

// Outcome is what a step came to.
type Outcome struct {
	Next   string         // the step that follows; "": the run ends
	Result map[string]any // by the names of Node.Result, in stored form
	Until  time.Time      // the run waits until then, and then goes on with Next; the zero time: it does not
	// Asked, if not 0, is what the run waits for, until Until (the zero time: for ever). Then the step itself is done
	// again, which finds it in Execution.Asked, and what Result is in Execution.Kept; Next is empty.
	Asked id.ID
	// Watches: the run waits for a change of its record, until Until (the zero time: for ever). Then the step itself is done
	// again; Next is empty.
	Watches bool
	// Ways, if any, are the first steps of those that are done at once from now on, each on a way of its own. When all of the ways have
	// ended, or with Any the first, the step itself is done again, which finds Execution.Joined; Next is empty.
	Ways []string
	Any  bool
}

// Next is embedded by settings of steps that lead to one other.
type Next struct {
	To string `json:"next"`
}

// Exits implements Settings.
func (n Next) Exits() []Exit { return []Exit{{"/next", n.To}} }

// TriggerType is what can set off a workflow. Safe for concurrent use; it keeps no state.
type TriggerType interface {
	// Name is what triggers say as their "type".
	Name() string
	// Schema is as that of a StepType.
	Schema() json.RawMessage
	// Read decodes settings that keep to the schema.
	Read(settings json.RawMessage) (TriggerSettings, error)
}

// TriggerSettings are what a document says of its trigger.
type TriggerSettings interface {
	// Compile makes the trigger, or reports every problem to c.
	Compile(c *Compiling) Trigger
}

// Trigger is a trigger compiled. Immutable. What it is set off by is an ability, OnSave for one.
type Trigger interface {
	// Allows is the most that a step of the workflow may do.
	Allows() Effect
	// Old reports whether expressions may read the record as it was, as old.
	Old() bool
}

// OnSave is a Trigger that is set off by what is done to a record.
type OnSave interface {
	Trigger
	// On lists what it is set off by.
	On() []record.Action
	// Before: in the transaction, before the record is saved; else by its event.
	Before() bool
	// Fires reports whether it is set off by a change that is one of On.
	Fires(c Saved) bool
}

// Asking is a Trigger of which whoever sets it off fills in something.
type Asking interface {
	Trigger
	// Inputs are what they are asked to fill in.
	Inputs() []Input
}

// OnPress is a Trigger that is set off by people, on a record that they may read.
type OnPress interface {
	Asking
	// Permissions are sets of which people hold one; none: whoever may change the record.
	Permissions() []string
}

// Helping is an OnPress that tells people what it will do.
type Helping interface {
	OnPress
	// Help is what they are told; empty: nothing.
	Help() metadata.Text
}

// OnCompose is an OnPress that is set off by people who write an e-mail, which its first step, a Composed, sends.
type OnCompose interface {
	OnPress
	// Complete puts what follows from what they filled in among it, in stored form, or says at its place below /inputs what can't be taken. What it reads
	// is what they may read.
	Complete(templates map[string]*template.Template, values map[string]any, eval template.Eval) error
}

// Composed is a Step that sends what somebody wrote.
type Composed interface {
	Step
	// Composed is the mailbox from which it is sent, and to the addresses; nil where the message is not written by whoever sets off the run.
	Composed() (from *mail.Mailbox, to *expression.Program)
}

// Inviting is a Step that asks people to decide, and may write to them.
type Inviting interface {
	Step
	// Invites reports whether it does.
	Invites() bool
	// Invite writes to people who are asked about a text, by what they are called in the request.
	Invite(x *Execution, asked []Approver, people []id.ID, text metadata.Text) error
}

// OnCall is a Trigger that is set off by steps of other workflows.
type OnCall interface {
	Asking
	// Answers are what they read when the run has ended.
	Answers() map[string]Computation
}

// Input is something that people are asked to fill in, which expressions read as input.<name>.
type Input struct {
	Field   *catalog.Field
	Default *expression.Program // what it begins with, computed of the record; nil: nothing
	Unasked bool                // forms don't ask for it: it is told along
}

// OnPost is a Trigger that is set off by what an outside system posts. Its workflow has no object.
type OnPost interface {
	Trigger
	// Proof is how who posts proves that they know the secret of the workflow.
	Proof() webhook.Proof
	// Offers are the values that are taken out of what is posted, which expressions read as input.<name>.
	Offers() Result
	// Take takes them, in stored form, or says at its place what can't be taken.
	Take(body any) (map[string]any, []*fault.Fault)
	// Answer is what is answered, as Written has it; nil: the usual.
	Answer() json.RawMessage
}

// OnTime is a Trigger that is set off by the clock, on all records that a condition holds for then. The
// workflow's own condition is part of that, so it has to run in the database. Without an object it is set off once. It is an OnSchedule or an OnMoment.
type OnTime interface {
	Trigger
	// Location decides what today is for its runs.
	Location() *time.Location
	// Between lists the times after one, and no later than another, at which it is set off on a record that is not changed meanwhile, of
	// which value tells what is stored; without an object value tells of nothing.
	Between(value func(query.Column) any, from, until time.Time) iter.Seq[time.Time]
}

// OnMoment is an OnTime that is set off for each record when a moment that it holds has come.
type OnMoment interface {
	OnTime
	// Moment is the field that holds it, and how long after that it is set off; before it when negative.
	Moment() (field *catalog.Field, after time.Duration)
}

// OnSchedule is an OnTime that is set off at times which the records don't say.
type OnSchedule interface {
	OnTime
	// After is when it is set off next after it last was (or, of a new one, has not been), at a time;
	// the zero time: never.
	After(last, now time.Time) time.Time
	// Due is the condition on records at the time when it is set off; nil: all.
	Due(at time.Time) query.Filter
}

// Saved is what is done to a record. Values are in stored form.
type Saved interface {
	Action() record.Action
	Get(field string) any
	Was(field string) any // nil of a new record
	Via() string          // by what way it was done, as history tells it
}

// Acts are how the steps of a run change anything: for good, or to be undone. One that is refused changes nothing.
type Acts interface {
	// Failed notes why the step failed, where another follows on that.
	Failed(problem *fault.Fault)
	// Again notes why it failed, where it is done again, for which time.
	Again(problem *fault.Fault, time int)
	// Put gives fields of the record that the run is about values in stored form. It, Notify and Ask need one: fault workflow.needs_object.
	Put(values map[string]any) error
	// Create, Update and Delete change any records, as the run's caller.
	Create(object *catalog.Object, values map[string]any) (id.ID, error)
	Update(object *catalog.Object, key id.ID, values map[string]any) error
	Delete(object *catalog.Object, key id.ID) error
	// Readable is the condition under which the run's caller may read records of an object; nil: all.
	// Fault record.forbidden.
	Readable(object *catalog.Object) (query.Filter, error)
	// Notify tells a user something about the record that the run is about.
	Notify(user id.ID, text metadata.Text) error
	// Ask asks people to decide something about that record. Each of those who are asked has a name in it, in their order.
	Ask(q Question) (asked id.ID, people []id.ID, err error)
	// Answer is what became of that. Where the time for it is over, it is closed.
	Answer(asked id.ID) (Answer, error)
	// Inquire asks somebody outside something, whom a message that is sent with its id brings a link to answer by.
	Inquire(q Inquiry) (id.ID, error)
	// Inquired is what became of that. Where the time for it is over, it is closed.
	Inquired(asked id.ID) (Inquired, error)
	// Call has a request made to an outside system, at most so many times until it succeeds.
	Call(r outside.Request, tries int64) (id.ID, error)
	// Send has a message sent, likewise.
	Send(m *mail.Message, by string, tries int64) (id.ID, error)
	// Print has a document of the record that the run is about be printed.
	Print(p outside.Print) (id.ID, error)
	// Printed is what became of that: once it is printed, it is attached to the record, as far as the run's caller may change that.
	Printed(asked id.ID) (Printed, error)
	// Called is what became of a request or a message.
	Called(asked id.ID) (Reply, error)
	// Begin begins a run of another workflow on a record, with inputs in stored form; 0: its condition does not hold. It has done
	// as much as it can at once, and may have ended.
	Begin(workflow string, record id.ID, inputs map[string]any) (id.ID, error)
	// Ended is what became of that.
	Ended(begun id.ID) (Ending, error)
	// Leave lets go of what was asked, begun, or had made, and nobody waits for any more.
	Leave(asked []id.ID) error
	// Watch has no change of the record be missed from now on, if the step comes to Outcome.Watches; what was changed before can be
	// read. held: the run is tried, and goes on as if what it waits for had come.
	Watch() (held bool, err error)
	// Alone has steps that ask for it be done one after the other, of all runs, for the records of an object.
	Alone(object *catalog.Object) error
	// Turn keeps whose turn it was last in something that users take turns in: whoever choose returns, who is told of the
	// last one (0: there was none).
	Turn(in string, choose func(last id.ID) (id.ID, error)) error
}

// Question is something that people are asked to decide.
type Question struct {
	Step  string
	Text  metadata.Text
	Way   string // how their answers come to one: approval.Any, All or Majority
	Locks bool   // people don't change the record meanwhile
	Due   time.Time
	Asked []Approver
}

// Approver is somebody who is asked to decide.
type Approver struct{ User, Instead id.ID }

// Answer is what became of a question.
type Answer struct {
	State   string // approval.Pending, Approved …
	By      id.ID  // whose answer decided; 0: nobody's
	Comment string // of theirs
	At      time.Time
	Due     time.Time // of one that is pending, until when; the zero time: for ever
}

// Inquiry is something that somebody outside is asked, in their language.
type Inquiry struct {
	Step                          string
	Mail                          id.ID // the record of the message that asks
	Language, Title, Text, Thanks string
	Due                           time.Time
}

// Inquired is what became of an inquiry.
type Inquired struct {
	State  string          // inquiry.Open, Answered …
	Answer json.RawMessage `json:",omitempty"` // by name, as the API shows values; nil: nothing
	Due    time.Time
}

// Printed is what became of a document that is printed.
type Printed struct {
	State string       // outside.Pending, Done or Failed
	File  id.ID        // 0: it was not printed, or the run is tried
	Name  string       // of the file
	Fault *fault.Fault // why not
}

// Reply is what became of a request.
type Reply struct {
	State  string // outside.Pending, Done or Failed
	Status int64  // of the answer; 0: there was none
	Body   []byte // of the answer, where it is JSON
	Fault  *fault.Fault
}

// Ending is what became of a run that another has begun.
type Ending struct {
	Ended  bool
	Fault  *fault.Fault    // why it failed, or was cancelled; nil: it was done
	Answer json.RawMessage `json:",omitempty"` // by name, as the API shows values; nil: nothing
}

// Inquiring is a Step that asks somebody outside.
type Inquiring interface {
	Step
	// Inputs are what they are asked to fill in.
	Inputs() []Input
	// Letter is the template of the message that brings them the link; "": it has none.
	Letter() string
}

// Locking is a Step which, while a run waits in it, may keep people from changing the record that the run is about.
type Locking interface {
	Step
	Locks() bool
}

// Watching is a Step in which a run may wait for changes of its record.
type Watching interface {
	Step
	Watches()
}

// Writing is a Step that changes records. What it tells is what plans are warned by.
type Writing interface {
	Step
	Writes() []Write
}

// Write is a change of records that a step makes.
type Write struct {
	Object *catalog.Object
	Action record.Action // Created, Updated or Deleted
	Own    bool          // of the record that the run is about
	System bool          // as the platform, whoever the run acts as
	Values []Value       // what fields are given; of one without a program it is not known
}

// OnReceipt is a Trigger that nobody sets off, but what comes from outside: no run acts as a user.
type OnReceipt interface {
	Trigger
	Received()
}

// OnFields is an OnSave trigger that is set off only where one of some fields is changed.
type OnFields interface {
	OnSave
	// Watches are those fields; none: whatever is changed.
	Watches() []string
}

// Implying is a Trigger of which a condition is known that holds for the record when it is set off.
type Implying interface {
	Trigger
	Implies() query.Filter
}

// Registry are the types of triggers and steps of a program. Immutable.
type Registry struct {
	steps    map[string]StepType
	triggers map[string]TriggerType
}

// NewRegistry makes a registry. Two types of one name are a programmer's mistake and panic.
func NewRegistry(triggers []TriggerType, steps []StepType) *Registry {
	r := &Registry{steps: map[string]StepType{}, triggers: map[string]TriggerType{}}
	for _, t := range triggers {
		if r.triggers[t.Name()] != nil {
			panic("the trigger " + t.Name() + " is registered twice")
		}
		r.triggers[t.Name()] = t
	}
	for _, t := range steps {
		if r.steps[t.Name()] != nil {
			panic("the step " + t.Name() + " is registered twice")
		}
		r.steps[t.Name()] = t
	}
	return r
}

// Steps are the types of steps, by name.
func (r *Registry) Steps() []StepType { return sorted(r.steps) }

// Triggers are the types of triggers, by name.
func (r *Registry) Triggers() []TriggerType { return sorted(r.triggers) }

func sorted[T any](types map[string]T) []T {
	all := make([]T, 0, len(types))
	for _, name := range slices.Sorted(maps.Keys(types)) {
		all = append(all, types[name])
	}
	return all
}

// Result is what a step offers to expressions of later steps, as steps.<name>.<symbol>.
type Result []expression.Symbol

// Object implements expression.Names: a result is of no object.
func (Result) Object() string { return "" }

// Symbol implements expression.Names.
func (r Result) Symbol(name string) (expression.Symbol, bool) {
	for _, s := range r {
		if s.Name == name {
			return s, true
		}
	}
	return expression.Symbol{}, false
}

// Symbols implements expression.Names.
func (r Result) Symbols() []string {
	names := make([]string, len(r))
	for i, s := range r {
		names[i] = s.Name
	}
	slices.Sort(names)
	return names
}
