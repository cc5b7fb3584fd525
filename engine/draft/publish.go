package draft

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/metadata"
)

// Plan is what publishing a draft would do.
type Plan struct {
	catalog.Plan
	// Conflicts are places that the draft and somebody who published meanwhile changed, and
	// differently; Rebase decides them. The rest is planned with what the draft says there.
	Conflicts []metadata.Conflict
}

// Plan tells what publishing a draft would do, and does nothing. allow is as in
// catalog.Change. Fault "draft.not_found" (NotFound).
func (s *Session) Plan(ctx context.Context, key id.ID, allow []string) (plan *Plan, err error) {
	err = again(func() error {
		c, change, err := s.changeOf(ctx, key, allow)
		if err != nil {
			return err
		}
		planned, err := s.service.catalog.Plan(ctx, s.tenant, change)
		if err != nil {
			return err
		}
		plan = &Plan{*planned, c.conflicts}
		return nil
	})
	return plan, err
}

// changeOf is what a draft would change of the newest revision.
func (s *Session) changeOf(ctx context.Context, key id.ID, allow []string) (*carried, catalog.Change, error) {
	k, err := s.find(ctx, key)
	if err != nil {
		return nil, catalog.Change{}, err
	}
	c, err := s.carry(ctx, k)
	if err != nil {
		return nil, catalog.Change{}, err
	}
	return c, s.over(c, allow), nil
}

func (s *Session) over(c *carried, allow []string) catalog.Change {
	return catalog.Change{Over: c.layer, Base: c.newest.Revision, Allow: allow, Author: s.caller}
}

// Rebase has a draft lie over the newest revision. Each conflict is decided, by its path: to
// metadata.Ours, what the draft says, or metadata.Theirs. Faults "draft.not_found" (NotFound),
// "draft.conflicts" (Conflict) with each conflict that is not decided.
func (s *Session) Rebase(ctx context.Context, key id.ID, decisions map[string]string) (Draft, error) {
	return s.change(ctx, key, func(k *kept) error {
		c, err := s.carry(ctx, k)
		if err != nil {
			return err
		}
		layer, problems := metadata.Decide(below(c.newest), c.layer, c.conflicts, decisions)
		if len(problems) > 0 {
			return fault.All(fault.Conflict, "draft.conflicts", problems)
		}
		k.lay(c.newest.Revision, layer)
		return nil
	})
}

// Publish makes of a draft a revision, and removes it; if somebody changes it meanwhile it
// stays with that. The message is the draft's label if there is none. Faults of
// catalog.Apply; "draft.not_found" (NotFound), "draft.conflicts" (Conflict).
func (s *Session) Publish(ctx context.Context, key id.ID, message string, allow []string) (result *catalog.Result, err error) {
	var k *kept
	err = again(func() error {
		if k, err = s.find(ctx, key); err != nil {
			return err
		}
		c, err := s.carry(ctx, k)
		if err != nil {
			return err
		}
		if len(c.conflicts) > 0 {
			_, undecided := metadata.Decide(below(c.newest), c.layer, c.conflicts, nil)
			return fault.All(fault.Conflict, "draft.conflicts", undecided)
		}
		change := s.over(c, allow)
		if change.Message = message; message == "" {
			change.Message = k.Label
		}
		result, err = s.service.catalog.Apply(ctx, s.tenant, change, s.caller.User)
		return err
	})
	if err != nil {
		return nil, err
	}
	// What was published and is still in the draft says nothing any more.
	if err := s.remove(ctx, k); err != nil && !fault.Is(err, "store.stale") {
		return nil, err
	}
	return result, nil
}
