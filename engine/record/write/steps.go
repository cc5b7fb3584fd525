package write

import (
	"formwork/engine/record/draft"
)

// Saving is what is listed here, from top to bottom: a draft is filled, then checked,
// then compared with other records, and then stored in a transaction.
//
// The steps of filling and checking need no transaction, but for those that write or
// call a hook: these are skipped outside a transaction (see run). The others change their
// draft and nothing else, and they end nothing: they note problems in the draft. An
// `end` step stops the save if problems were noted before it, so that a caller is told of
// all problems up to there at once, and of none behind it.
//
// Rows are written without these steps where no caller sends values: a record is restored
// from the bin or merged, a field is filled in later (backfill), or a change follows from
// another one (Unit.revise).
//
// A preview (see Writer.Preview) takes the same steps but for storing, with a transaction
// that refuses to write, and finds what a save would answer with.

// step is one step of filling or checking a draft. It has one of do, inTransaction and
// end.
type step struct {
	name string
	// do fills or checks, outside of a transaction as well as in one.
	do func(*draft.Draft)
	// inTransaction is of a step that writes, or that belongs into the transaction that
	// saves. In a preview it writes nothing.
	inTransaction func(*Unit, *draft.Draft) error
	// end ends a save that has problems so far.
	end func(*draft.Draft) error
}

// filling completes the values.
var filling = []step{
	{name: "input", do: (*draft.Draft).TakeInput},
	{name: "references that were sent", do: (*draft.Draft).CheckSentReferences},
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
	{name: "size", do: (*draft.Draft).CheckSize},
	{name: "rules", do: (*draft.Draft).CheckRules},
	{name: "stage guards", do: (*draft.Draft).CheckStage},
	{name: "references", do: (*draft.Draft).CheckReferences},
	{name: "choices", do: (*draft.Draft).CheckChoices},
	{name: "permission sets that are given", do: (*draft.Draft).CheckGranted},
	{name: "end: broken rules", end: (*draft.Draft).Refusal},
	{name: "record policy", do: (*draft.Draft).CheckRecordPolicy},
	{name: "end: forbidden values", end: (*draft.Draft).Refusal},
}

// storingStep is one step of comparing or storing. An error ends the save.
type storingStep struct {
	name string
	do   func(*saving) error
}

// comparing holds a draft that was checked to what other records are now.
var comparing = []storingStep{
	{"references still exist", (*saving).checkReferencesExist},
	{"duplicates", (*saving).checkDuplicates},
	{"unique keys", (*saving).checkUnique},
}

// storing writes the draft.
var storing = []storingStep{
	{"row and words", (*saving).writeRow},
	{"history", (*saving).writeHistory},
	{"event", (*saving).writeEvent},
	{"roll-ups", (*saving).propagateRollups},
	{"hooks that write", (*saving).callAfterSave},
}

// run takes a draft through steps. u is nil outside of a transaction: the steps that need
// one are skipped then.
func run(steps []step, d *draft.Draft, u *Unit) error {
	_, err := runUpTo(steps, d, u)
	return err
}

// runUpTo is run that also returns the steps after the one that ended it.
func runUpTo(steps []step, d *draft.Draft, u *Unit) (rest []step, err error) {
	for i, s := range steps {
		switch {
		case s.do != nil:
			s.do(d)
		case s.end != nil:
			err = s.end(d)
		case u != nil:
			err = s.inTransaction(u, d)
		}
		if err != nil {
			return steps[i+1:], err
		}
	}
	return nil, nil
}
