package write

import (
	"formwork/engine/record/draft"
)

// Saving is what is listed here, from top to bottom: a draft is filled, then checked,
// and then stored in a transaction.
//
// The stages of filling and checking need no transaction, but for the few that write:
// those are passed by outside of one (see run). A stage writes nothing but its draft and
// ends nothing: it notes problems in the draft. A save ends at the ends between the
// stages. Whoever wants to know the state of a record that is not saved, such as that of
// a form, calls survey, which goes through all stages that need no transaction and no
// end: the draft then holds the values and every problem that a save would have, and
// nothing was written and no automatic number taken.

// stage is one step of filling or checking a draft: it has one of the three.
type stage struct {
	name string
	do   func(*draft.Draft)
	// inTransaction is of a stage that writes, or asks those who may.
	inTransaction func(*Unit, *draft.Draft) error
	// end ends a save that has problems so far.
	end func(*draft.Draft) error
}

// filling completes the values. It is not for a record that is deleted.
var filling = []stage{
	{name: "input", do: (*draft.Draft).TakeInput},
	{name: "defaults", do: (*draft.Draft).SetDefaults},
	{name: "stage settings", do: (*draft.Draft).ApplyStageSettings},
	{name: "end: values that can't be taken", end: (*draft.Draft).InputRefusal},
	{name: "automatic numbers", inTransaction: (*Unit).takeNumbers},
	{name: "formulas", do: (*draft.Draft).Compute},
	{name: "end: values that can't be computed", end: (*draft.Draft).Refusal},
}

// checking holds the values to all that is demanded of them.
var checking = []stage{
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
	{"unique keys", (*saving).checkUnique},
	{"row and words", (*saving).writeRow},
	{"history", (*saving).writeHistory},
	{"event", (*saving).writeEvent},
	{"roll-ups", (*saving).propagateRollups},
}

// run takes a draft through stages. u is nil outside of a transaction: the stages that
// need one are passed by then.
func run(stages []stage, d *draft.Draft, u *Unit) error {
	for _, s := range stages {
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

// survey takes a draft through all stages that need no transaction, past all problems.
func survey(d *draft.Draft) {
	for _, stages := range [][]stage{filling, checking} {
		for _, s := range stages {
			if s.do != nil {
				s.do(d)
			}
		}
	}
}
