package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/policy"
	"formwork/engine/printing"
	"formwork/engine/store"
	"formwork/workflows/outside"
)

// longestPrint is how long printing what a message brings may take, so that it is sent within its lease.
const longestPrint = 8 * time.Second

// print prints what is sent along with the message of a call, of the record that its run is about, as the run reads it, and keeps it with
// the record of the message: outside of transactions, for files are written in their own. What an earlier try has kept under the same name is sent again.
func (r *Runner) print(ctx context.Context, t store.Tenant, s *catalog.Snapshot, c *outside.Call) (all []mail.Attached, err error) {
	ctx, stop := context.WithTimeout(ctx, longestPrint)
	defer stop()
	defer func() { err = inTime(err) }()
	run, reads, err := r.printsFor(ctx, t, s, c)
	if err != nil {
		return nil, err
	}
	m := c.Request.Mail
	keeps := &keeping{files: r.o.Files.As(t, s, policy.System(t.Name())), record: m.Record}
	if keeps.kept, err = keeps.files.Attached(ctx, mail.ObjectName, m.Record); err != nil {
		return nil, err
	}
	size, tooMuch := 0, fault.New(fault.TooLarge, "mail.attached_too_large", "limit", mail.MaxAttached)
	for _, template := range m.Prints {
		p, err := r.o.Printer.Print(ctx, r.o.Records.As(t, s, reads), r.o.Files.As(t, s, reads), printing.Wanted{Tenant: t.Name(), Object: run.Object, Record: run.Record, Template: template, Language: m.Language})
		if err != nil {
			return nil, err
		}
		if len(p.PDF) > mail.MaxAttached-size {
			return nil, tooMuch
		}
		if err := keeps.keep(ctx, p); err != nil {
			return nil, err
		}
		if size += len(p.PDF); size > mail.MaxAttached { // of what was kept
			return nil, tooMuch
		}
		all = append(all, mail.Attached{Name: p.Name, Type: printing.Type, Body: p.PDF})
	}
	return all, nil
}

// inTime tells what took longer than longestPrint as what is tried again.
func inTime(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "print.busy").Because(err)
	}
	return err
}

// printsFor is the run of a call, and as whom it reads.
func (r *Runner) printsFor(ctx context.Context, t store.Tenant, s *catalog.Snapshot, c *outside.Call) (*Run, *policy.Caller, error) {
	run, err := Get(ctx, t, c.Run)
	if err != nil {
		return nil, nil, err
	}
	reads, err := r.reads(ctx, t, s, run)
	return run, reads, err
}

// reads is as whom a run reads records. Fault auth.user_inactive (Forbidden) where that is a user who is gone.
func (r *Runner) reads(ctx context.Context, t store.Tenant, s *catalog.Snapshot, run *Run) (*policy.Caller, error) {
	w, err := workflowOf(s, run.Workflow)
	if err != nil {
		return nil, err
	}
	if !w.AsUser() {
		return platformAt(t, w), nil
	}
	return r.o.Callers.Acting(ctx, t, run.By, run.acts, "workflow")
}

// keeping keeps what is printed with the record of a message.
type keeping struct {
	files  *file.Session
	record id.ID
	kept   []*file.File // that the record has
}

// keep keeps what was printed, or reads in its place what was kept under the same name.
func (k *keeping) keep(ctx context.Context, p *printing.Printed) error {
	for i, f := range k.kept {
		if f.Name == p.Name && f.Type == printing.Type && f.Size <= mail.MaxAttached {
			k.kept = append(k.kept[:i:i], k.kept[i+1:]...) // another document may have the name, too
			return k.read(ctx, f, p)
		}
	}
	f, err := k.files.Start(ctx, file.Upload{Name: p.Name, Type: printing.Type, Size: int64(len(p.PDF))})
	if err == nil {
		_, err = k.files.Append(ctx, f.ID, 0, bytes.NewReader(p.PDF))
	}
	if err == nil {
		_, err = k.files.Attach(ctx, mail.ObjectName, k.record, []id.ID{f.ID})
	}
	if err != nil {
		return fmt.Errorf("keeping what was printed: %w", err)
	}
	return nil
}

func (k *keeping) read(ctx context.Context, f *file.File, p *printing.Printed) error {
	contents, err := k.files.Open(ctx, f)
	if err != nil {
		return fmt.Errorf("reading what was printed: %w", err)
	}
	from := contents.Range(ctx, 0, contents.Size)
	defer from.Close()
	if p.PDF, err = io.ReadAll(from); err != nil {
		return fmt.Errorf("reading what was printed: %w", err)
	}
	return nil
}
