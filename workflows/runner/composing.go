package runner

import (
	"context"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/engine/template"
	"formwork/workflows"
)

// Composer is what whoever writes an e-mail is told of it.
type Composer struct {
	Mailbox   *mail.Mailbox        // from which it is sent
	To        string               // as the record has it now for who writes; "": nothing that they may read, or not of a record
	Templates []*template.Template // by name
}

// composerOf is what is told of a workflow that sends what somebody writes, about a record; env is nil where it is of none. It is nil for any other.
func composerOf(s *catalog.Snapshot, w *workflows.Workflow, env *session.Env) (*Composer, error) {
	if _, ok := w.Trigger.(workflows.OnCompose); !ok {
		return nil, nil
	}
	from, to := w.Start.Step.(workflows.Composed).Composed()
	c := &Composer{Mailbox: from}
	if env != nil {
		own := *env
		eval, err := readingAs(&own)
		if err != nil {
			return nil, err
		}
		v, err := eval(to)
		if f := fault.From(err); f != nil && f.Kind.Breaks() {
			return nil, err
		}
		c.To, _ = v.(string) // what can't be computed is told when it is sent
	}
	all := templatesOf(s, w)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c.Templates = append(c.Templates, all[name])
	}
	return c, nil
}

// templatesOf are the templates from which people write about the records of a workflow: those with a text, and neither of what can be
// unsubscribed from, for what somebody writes is theirs, nor of what brings a link to answer by.
func templatesOf(s *catalog.Snapshot, w *workflows.Workflow) map[string]*template.Template {
	all := maps.Clone(template.Of(s))
	maps.DeleteFunc(all, func(_ string, t *template.Template) bool {
		return t.Doc.Object != w.Object.Doc.Name || len(t.Doc.Text) == 0 || t.Doc.Unsubscribe || workflows.Of(s).BringsLink(t.Doc.Name)
	})
	return all
}

// Draft is what a template says for whoever writes an e-mail about a record: it reads what they may read. Nothing is kept or sent. Faults: those of
// Press; template.unknown (NotFound); those of template.Template.Write.
func Draft(ctx context.Context, caller *record.Session, c *policy.Caller, of Wanted, name, language string) (template.Written, error) {
	s := caller.Snapshot()
	w, err := workflowOf(s, of.Workflow)
	if err != nil {
		return template.Written{}, err
	}
	if _, ok := w.Trigger.(workflows.OnCompose); !ok || !pressable(s, w, c, of.Object) {
		return template.Written{}, unknown(of.Workflow)
	}
	if err := mayPress(ctx, caller, w, of.Object, of.Record); err != nil {
		return template.Written{}, err
	}
	t := templatesOf(s, w)[name]
	if t == nil {
		return template.Written{}, fault.New(fault.NotFound, "template.unknown", "template", name)
	}
	eval, err := evalOf(ctx, caller, of.Object, of.Record)
	if err != nil {
		return template.Written{}, err
	}
	return t.Write(language, eval)
}

// complete puts what follows from what somebody filled in among it.
func complete(ctx context.Context, caller *record.Session, w *workflows.Workflow, key id.ID, values map[string]any) error {
	t, ok := w.Trigger.(workflows.OnCompose)
	if !ok {
		return nil
	}
	eval, err := evalOf(ctx, caller, w.Object.Doc.Name, key)
	if err == nil {
		err = t.Complete(templatesOf(caller.Snapshot(), w), values, eval)
	}
	return err
}

// evalOf computes for a record what a caller may read of it. Fault record.not_found (NotFound).
func evalOf(ctx context.Context, caller *record.Session, object string, key id.ID) (template.Eval, error) {
	env, err := caller.Env(ctx, object, key)
	if err != nil {
		return nil, err
	}
	if env == nil {
		return nil, session.NotFound(object, key)
	}
	return readingAs(env)
}

// readingAs computes for a record what the caller of its environment may read of it.
func readingAs(env *session.Env) (template.Eval, error) {
	readable, err := env.Readable()
	if err != nil {
		return nil, err
	}
	return func(p *expression.Program) (any, error) {
		v, err := p.Eval(readable)
		if failed := readable.Failed(); failed != nil {
			return nil, failed
		}
		return v, err
	}, nil
}
