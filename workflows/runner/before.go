package runner

import (
	"context"
	"errors"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/workflows"
	"formwork/workflows/outside"
)

// BeforeSave is the hook that runs the workflows which are set off before a record is saved, in the
// transaction that saves it.
type BeforeSave struct{}

// Wants implements record.SaveHook.
func (BeforeSave) Wants(s *catalog.Snapshot, object string, a record.Action) bool {
	return len(workflows.Of(s).Before(object, a)) > 0
}

// BeforeSave implements record.SaveHook. Faults: what a step refuses with; workflow.failed (Invalid) where
// one can't be done, or a condition not be computed.
func (BeforeSave) BeforeSave(ctx context.Context, reader store.Reader, c *record.Change) error {
	for _, w := range workflows.Of(c.Snapshot()).Before(c.Object().Doc.Name, c.Action()) {
		if !w.Trigger.(workflows.OnSave).Fires(c) {
			continue
		}
		x := workflows.NewExecution(ctx, w, &workflows.State{Position: w.Begin()}, c.Env(), saving{c}, &workflows.Budget{Steps: stepsAtOnce})
		triggered, err := x.Triggered()
		if err == nil && triggered {
			if err = x.Run(func(string, string, bool) {}); err == nil && !x.Ended() {
				err = fault.New(fault.Limited, "workflow.too_many_steps", "limit", stepsAtOnce)
			}
		}
		if err != nil {
			return refusal(w, err)
		}
	}
	return nil
}

// refusal is why a record is not saved.
func refusal(w *workflows.Workflow, err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind.Breaks() || f.Code == "workflow.refused" {
		return err
	}
	return fault.New(fault.Invalid, "workflow.failed", "workflow", w.Doc.Name).Because(err)
}

// saving are the acts of a run in a save: it changes the record and nothing else.
type saving struct{ *record.Change }

var errNotBeforeSave = errors.New("a workflow writes other records before a save")

func (saving) Failed(*fault.Fault)                                   {}
func (saving) Again(*fault.Fault, int)                               {}
func (saving) Create(*catalog.Object, map[string]any) (id.ID, error) { return 0, errNotBeforeSave }
func (saving) Update(*catalog.Object, id.ID, map[string]any) error   { return errNotBeforeSave }
func (saving) Delete(*catalog.Object, id.ID) error                   { return errNotBeforeSave }
func (saving) Readable(*catalog.Object) (query.Filter, error)        { return nil, nil }
func (saving) Notify(id.ID, metadata.Text) error                     { return errNotBeforeSave }
func (saving) Ask(workflows.Question) (id.ID, []id.ID, error)        { return 0, nil, errNotBeforeSave }
func (saving) Answer(id.ID) (workflows.Answer, error)                { return workflows.Answer{}, errNotBeforeSave }
func (saving) Inquire(workflows.Inquiry) (id.ID, error)              { return 0, errNotBeforeSave }
func (saving) Inquired(id.ID) (workflows.Inquired, error) {
	return workflows.Inquired{}, errNotBeforeSave
}
func (saving) Call(outside.Request, int64) (id.ID, error)         { return 0, errNotBeforeSave }
func (saving) Send(*mail.Message, string, int64) (id.ID, error)   { return 0, errNotBeforeSave }
func (saving) Print(outside.Print) (id.ID, error)                 { return 0, errNotBeforeSave }
func (saving) Printed(id.ID) (workflows.Printed, error)           { return workflows.Printed{}, errNotBeforeSave }
func (saving) Called(id.ID) (workflows.Reply, error)              { return workflows.Reply{}, errNotBeforeSave }
func (saving) Begin(string, id.ID, map[string]any) (id.ID, error) { return 0, errNotBeforeSave }
func (saving) Ended(id.ID) (workflows.Ending, error)              { return workflows.Ending{}, errNotBeforeSave }
func (saving) Leave([]id.ID) error                                { return errNotBeforeSave }
func (saving) Watch() (bool, error)                               { return false, errNotBeforeSave }
func (saving) Alone(*catalog.Object) error                        { return errNotBeforeSave }
func (saving) Turn(string, func(id.ID) (id.ID, error)) error      { return errNotBeforeSave }
