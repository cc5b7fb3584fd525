package runner

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/workflows"
)

// version names a definition of a workflow: that of a revision.
type version struct {
	workflow string
	revision int64
}

// definition is what a run goes on with: the workflow as it was when the run began, compiled against the
// configuration of now; or why it can't go on.
type definition struct {
	workflow *workflows.Workflow
	problem  *fault.Fault
}

// formerCount is how many definitions of runs are kept that are not those of now, and definitionBytes
// about how much one takes.
const (
	formerCount     = 256
	definitionBytes = 32 << 10
)

// formerKey is a definition in a tenant under the configuration of now.
type formerKey struct {
	tenant string
	now    int64
	version
}

// definitionOf finds that of a run. It reads the store, and not in a transaction.
func (r *Runner) definitionOf(ctx context.Context, t store.Tenant, s *catalog.Snapshot, v version) (definition, error) {
	now := workflows.Of(s).ByName[v.workflow]
	if now == nil {
		return definition{problem: fault.New(fault.NotFound, "workflow.removed", "workflow", v.workflow)}, nil
	}
	if v.revision == s.Revision {
		return definition{workflow: now}, nil
	}
	at := formerKey{t.Identity(), s.Revision, v}
	if found, ok := r.former.Get(at); ok {
		return found, nil
	}
	key := metadata.Key{Kind: workflows.KindName, Name: v.workflow}
	was, ok, err := r.o.Catalog.FormerDocument(ctx, t, v.revision, key)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return definition{}, err
	}
	found := definition{workflow: now}
	if ok && string(was.Body) != string(s.Documents[key].Body) {
		compiled, problems := catalog.CompileApart(ctx, r.o.Catalog, s, was, r.o.Types.Compile)
		if found.workflow = compiled; len(problems) > 0 {
			found.problem = problems[0]
		}
	}
	r.former.Add(at, found, definitionBytes)
	return found, nil
}
