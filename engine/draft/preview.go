package draft

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// Previews that are kept: one of each tenant, the one that was looked at last.
const (
	maxPreviews  = 32
	previewBytes = 64 << 20 // about, that they may take together
)

// previewed names a preview: what it follows from.
type previewed struct {
	draft          id.ID
	version, under int64  // of the draft, and the newest revision
	by             string // whose rights it was held to
	partly         bool   // what is wrong was left out
}

// Preview is a draft that reads can be answered by.
type Preview struct {
	Snapshot *catalog.Snapshot
	// State names what it shows: another one is another state of the draft or of what it lies over.
	State  string
	absent catalog.Absent
	of     previewed
}

// Over is a tenant as the draft would have it read. Whatever would write is refused with the
// fault "draft.read_only" (Forbidden).
func (p *Preview) Over(t store.Tenant) store.Tenant { return &reading{t, p.absent} }

// ReadOnly is a tenant as it is, in which whatever would write is refused with the fault
// "draft.read_only" (Forbidden).
func (s *Service) ReadOnly(t store.Tenant) store.Tenant { return &reading{t, nil} }

// Preview compiles a draft to look at it. Faults "draft.not_found" (NotFound), "draft.invalid"
// (Invalid) with every problem that stands in its way.
func (s *Session) Preview(ctx context.Context, key id.ID) (*Preview, error) {
	return s.preview(ctx, key, false)
}

// Partly is Preview of a draft as far as it is right: what a problem speaks of is left out. So it
// can be asked what the draft has while somebody is still writing it. Faults as of Preview, where
// nothing can be left out.
func (s *Session) Partly(ctx context.Context, key id.ID) (*Preview, error) {
	preview, err := s.preview(ctx, key, false)
	if fault.Is(err, "draft.invalid") {
		return s.preview(ctx, key, true)
	}
	return preview, err
}

func (s *Session) preview(ctx context.Context, key id.ID, partly bool) (preview *Preview, err error) {
	err = again(func() error {
		k, err := s.head(ctx, key)
		if err != nil {
			return err
		}
		newest, err := s.service.catalog.Snapshot(ctx, s.tenant)
		if err != nil {
			return err
		}
		of := previewed{key, k.version, newest.Revision, s.rights(), partly}
		if preview, _ = s.service.previews.Get(s.tenant.Identity()); preview != nil && preview.of == of {
			return nil
		}
		if k, err = s.find(ctx, key); err != nil {
			return err
		}
		c, err := s.carry(ctx, k)
		if err != nil {
			return err
		}
		of.version, of.under = k.version, c.newest.Revision
		drafted, err := s.compiled(ctx, c, partly)
		if err != nil {
			return err
		}
		if len(drafted.Problems) > 0 {
			return fault.All(fault.Invalid, "draft.invalid", drafted.Problems)
		}
		preview = &Preview{Snapshot: drafted.Snapshot, State: key.String() + "." + strconv.FormatInt(k.version, 10), absent: drafted.Absent, of: of}
		s.service.previews.Add(s.tenant.Identity(), preview, drafted.Snapshot.Bytes())
		return nil
	})
	return preview, err
}

func (s *Session) compiled(ctx context.Context, c *carried, partly bool) (*catalog.Drafted, error) {
	if partly {
		return s.partly(ctx, c)
	}
	return s.service.catalog.Draft(ctx, s.tenant, s.over(c, nil))
}

// rights are what the caller's rights follow from.
func (s *Session) rights() string {
	return s.caller.User.String() + "\x00" + strings.Join(slices.Sorted(slices.Values(s.caller.Permissions)), "\x00")
}
