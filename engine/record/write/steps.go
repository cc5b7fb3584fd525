package write

import (
	"formwork/engine/record/draft"
)

// Saving is what is listed here, from top to bottom: a draft is filled, then checked,
// and then stored in a transaction.
//
// The steps of filling and checking need no transaction, but for those that write or
// call a hook: these are passed by outside of one (see run). The others change their
// draft and nothing else, and they end nothing: they note problems in the draft. A save
// that has problems ends at the ends between the steps.
//
// The state of a record that is not saved, such as that of a form, is known by survey:
// it takes all steps that need no transaction, past the ends. After it the
// draft's Row has the values and Problems has what a save would refuse; nothing was
// written and no automatic number taken. The draft is made by draft.New or
// draft.ForChange with the tenant as its reader. Duplicates and unique keys belong to
// storing, since others may save at the same time; duplicate.Search finds the duplicates
// of a draft that is not saved as well.

// step is one step of filling or checking a draft. It has one of do, inTransaction and
// end.
type step struct {
	name string
	// do fills or checks, outside of a transaction as well as in one.
	do func(*draft.Draft)
	// inTransaction is of a step that writes, or calls hooks, which may.
	inTransaction func(*Unit, *draft.Draft) error
	// end ends a save that has problems so far.
	end func(*draft.Draft) error
}

// filling completes the values.
var filling = []step{
	{name: "input", do: (*draft.Draft).TakeInput},
	{name: "defaults", do: (*draft.Draft).SetDefaults},
	{name: "stage settings", do: (*draft.Draft).ApplyStageSettings},
	{name: "end: values that can't be taken", end: (*draft.Draft).InputRefusal},
	{name: "automatic numbers", inTransaction: (*Unit).takeNumbers},
	{name: "formulas", do: (*draft.Draft).Compute},
	{name: "end: values that can't be computed", end: (*draft.Draft).Refusal},
}

// checking holds the values to all that is demanded of them.
var checking = []step{
	{name: "save hooks", inTransaction: (*Unit).callSaveHooks},
	{name: "end: refused by a hook", end: (*draft.Draft).Refusal},
	{name: "required fields", do: (*draft.Draft).CheckRequired},
	{name: "removed options", do: (*draft.Draft).CheckRemovedOptions},
	{name: "options", do: (*draft.Draft).CheckOptions},
	{name: "schema", do: (*draft.Draft).CheckSchema},
	{name: "rules", do: (*draft.Draft).CheckRules},
	{name: "stage guards", do: (*draft.Draft).CheckStage},
	{name: "references", do: (*draft.Draft).CheckReferences},
	{name: "end: broken rules", end: (*draft.Draft).Refusal},
	{name: "record policy", do: (*draft.Draft).CheckRecordPolicy},
	{name: "end: forbidden values", end: (*draft.Draft).Refusal},
}

// storing writes a draft that was checked, in a transaction. An error ends it.
var storing = []struct {
	name string
	do   func(*saving) error
}{
	{"references still exist", (*saving).checkReferencesExist},
	{"duplicates", (*saving).checkDuplicates},
	{"row and words", (*saving).writeRow},
	{"history", (*saving).writeHistory},
	{"event", (*saving).writeEvent},
	{"roll-ups", (*saving).propagateRollups},
}

// run takes a draft through steps. u is nil outside of a transaction: the steps that need
// one are passed by then.
func run(steps []step, d *draft.Draft, u *Unit) error {
	for _, s := range steps {
		var err error
		switch {
		case s.do != nil:
			s.do(d)
		case s.end != nil:
			err = s.end(d)
		case u != nil:
			err = s.inTransaction(u, d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// survey takes a draft through all steps that need no transaction, past all problems.
func survey(d *draft.Draft) {
	for _, steps := range [][]step{filling, checking} {
		for _, s := range steps {
			if s.do != nil {
				s.do(d)
			}
		}
	}
}
