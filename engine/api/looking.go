package api

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
)

// What a request is answered by instead of what holds: a draft, or the rights of permission
// sets, as somebody who has these and nothing else would be answered. Nothing is written then.
const (
	headerDraft = "X-Draft"
	headerAs    = "X-As"
)

// maxAs is how many permission sets somebody may look as.
const maxAs = 50

// look has a request answered by the draft that it names, and as who has the permission sets
// that it names. Drafts are for those who may see the setup, and held to what the caller may
// give; other rights are for who manages permissions, who could give them to themselves.
// Faults "draft.read_only" (Forbidden) for what is no question, "auth.right_missing"
// (Forbidden), "draft.not_found" (NotFound), "draft.invalid" (Invalid), "catalog.unknown_document"
// (Invalid).
func (r *request) look(rt route) error {
	drafted, as := r.http.Get(headerDraft), strings.Clone(r.http.Get(headerAs))
	if drafted == "" && as == "" {
		return nil
	}
	if !rt.asks && (rt.method != get || rt.streams) {
		return fault.New(fault.Forbidden, "draft.read_only")
	}
	caller := r.caller
	if as != "" {
		if err := r.needs(policy.ManagePermissions); err != nil {
			return err
		}
		sets := strings.Split(as, ",")
		if len(sets) > maxAs {
			return fault.New(fault.Malformed, "api.bad_parameter", "name", headerAs, "want", "1–"+strconv.Itoa(maxAs)+" …")
		}
		slices.Sort(sets)
		looking := *caller
		looking.Permissions = slices.Compact(sets)
		caller = &looking
	}
	if err := r.needs("view_setup"); err != nil {
		return err
	}
	tenant := r.tenant
	if drafted != "" {
		key, err := draftOf(strings.Clone(drafted))
		if err != nil {
			return err
		}
		look := r.drafts().Preview
		if rt.partly {
			look = r.drafts().Partly
		}
		preview, err := look(r.ctx, key)
		if err != nil {
			return byDocument(err)
		}
		r.snapshot, tenant, r.looking = preview.Snapshot, preview.Over(r.tenant), preview.State
	} else {
		tenant = r.server.o.Drafts.ReadOnly(r.tenant)
	}
	for _, set := range caller.Permissions {
		if as != "" && catalog.Permissions(r.snapshot)[set] == nil {
			return fault.New(fault.Invalid, "catalog.unknown_document", "kind", "permission", "name", clip(set))
		}
	}
	r.tenant, r.caller, r.looking = tenant, caller, r.looking+"|"+as
	r.http.Response().Header.Add(fiber.HeaderVary, headerDraft+", "+headerAs)
	return nil
}

// state names the configuration that a request is answered by: that of a revision, or of a
// draft that is looked at.
func (r *request) state() string {
	if r.looking == "" {
		return r.revision()
	}
	return r.revision() + "~" + r.looking
}
