package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/printing"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/outside"
)

// printTries is how often a document is tried that could not be printed for the time being.
const printTries = 6

// printed is what was printed, and waits as an upload of the run's caller until the run attaches it.
type printed struct {
	File id.ID  `json:"file"`
	Name string `json:"name"`
}

// Print implements workflows.Acts.
func (e *executing) Print(p outside.Print) (id.ID, error) {
	if err := e.needsRecord(); err != nil {
		return 0, err
	}
	key, err := workflows.Ask(e.tape, func() (id.ID, error) { return e.keepCall(outside.Request{Print: &p}, printTries) }, "print", p.Template, p.Language)
	if err == nil {
		e.note(Effect{Do: "print", Text: p.Template})
	}
	return key, err
}

// Printed implements workflows.Acts. A run that is tried goes on as if it were printed, without a file.
func (e *executing) Printed(asked id.ID) (workflows.Printed, error) {
	return workflows.Ask(e.tape, func() (workflows.Printed, error) { return e.printed(asked) }, "printed", asked)
}

func (e *executing) printed(asked id.ID) (p workflows.Printed, err error) {
	r, err := e.called(asked)
	p = workflows.Printed{State: r.Reply.State, Fault: r.Reply.Fault}
	if err != nil || p.State != outside.Done || e.tries {
		return p, err
	}
	var is printed
	if err := json.Unmarshal(r.Reply.Body, &is); err != nil {
		return p, fmt.Errorf("reading what was printed: %w", err)
	}
	caller, err := e.g.caller(e.workflow, e.run)
	if err != nil {
		return p, err
	}
	files := e.r.o.Files.As(e.g.tenant, e.g.snapshot, caller)
	if err := files.DemandAttachable(e.ctx, e.run.Object, e.run.Record); err != nil {
		return p, err
	}
	p.File, p.Name = is.File, is.Name
	return p, files.AttachWithin(e.ctx, e.joint.Tx(), e.run.Object, e.run.Record, []id.ID{is.File})
}

// printKept prints what a call asks for, as the run reads its record, and uploads it: outside of transactions, for files are written in their
// own. What no run attaches is collected, so that of several tries one is kept.
func (r *Runner) printKept(ctx context.Context, t store.Tenant, s *catalog.Snapshot, c *outside.Call) (kept []byte, err error) {
	ctx, stop := context.WithTimeout(ctx, longestPrint)
	defer stop()
	defer func() { err = inTime(err) }()
	run, reads, err := r.printsFor(ctx, t, s, c)
	if err != nil {
		return nil, err
	}
	files := r.o.Files.As(t, s, reads)
	if err := files.DemandAttachable(ctx, run.Object, run.Record); err != nil {
		return nil, err
	}
	p, err := r.o.Printer.Print(ctx, r.o.Records.As(t, s, reads), files, printing.Wanted{Tenant: t.Name(), Object: run.Object, Record: run.Record, Template: c.Request.Print.Template, Language: c.Request.Print.Language})
	if err != nil {
		return nil, err
	}
	f, err := files.Start(ctx, file.Upload{Name: p.Name, Type: printing.Type, Size: int64(len(p.PDF))})
	if err == nil {
		_, err = files.Append(ctx, f.ID, 0, bytes.NewReader(p.PDF))
	}
	if err != nil {
		return nil, fmt.Errorf("keeping what was printed: %w", err)
	}
	return json.Marshal(printed{f.ID, p.Name})
}
