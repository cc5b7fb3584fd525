package auth

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// user is a user's record as this package needs it.
type user struct {
	caller  *policy.Caller
	active  bool
	version int64
}

// userByID reads a user; nil if there is none.
func (s *Service) userByID(ctx context.Context, t store.Tenant, user id.ID) (*user, error) {
	return s.readUser(ctx, t, func(*catalog.Object) query.Filter { return query.Is(query.ID, int64(user)) })
}

// userByEmail finds a user by e-mail, whatever its case; nil if there is none.
func (s *Service) userByEmail(ctx context.Context, t store.Tenant, email string) (*user, error) {
	return s.readUser(ctx, t, func(o *catalog.Object) query.Filter {
		for _, f := range o.Fields {
			switch {
			case f.Name != "email":
			case f.Key.Name != "":
				return query.Is(f.Key, fieldtype.Fold(email))
			default:
				return query.Is(f.Column, email)
			}
		}
		return query.Nothing
	})
}

func (s *Service) readUser(ctx context.Context, t store.Tenant, where func(*catalog.Object) query.Filter) (*user, error) {
	snapshot, err := s.catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	object, ok := snapshot.Objects[UserObject]
	if !ok {
		return nil, fmt.Errorf("the configuration of tenant %s has no object %q", t.Name(), UserObject)
	}
	var names []string
	var columns []query.Column
	for _, f := range object.Fields {
		if f.Column.Storage != fieldtype.None {
			names, columns = append(names, f.Name), append(columns, f.Column)
		}
	}
	found, ok, err := row(ctx, t, object.Table.Name, where(object), columns...)
	if err != nil || !ok {
		return nil, err
	}
	attributes := make(map[string]any, len(names))
	for i, name := range names {
		if v := found.Value(columns[i]); v != nil {
			attributes[name] = v
		}
	}
	active, _ := attributes["active"].(bool)
	return &user{caller: callerOf(t.Name(), attributes), active: active, version: integer(attributes["version"])}, nil
}

// callerOf makes the caller that a user's record describes.
func callerOf(tenant string, attributes map[string]any) *policy.Caller {
	c := &policy.Caller{
		Tenant:      tenant,
		User:        id.ID(integer(attributes["id"])),
		Name:        text(attributes["name"]),
		Email:       text(attributes["email"]),
		Permissions: sorted(list(attributes["permissions"])),
		Role:        text(attributes["role"]),
		Teams:       sorted(list(attributes["teams"])),
		Attributes:  attributes,
		Location:    time.UTC,
		Via:         "session",
	}
	// A language of which the program knows nothing may still be one of the configuration's
	// texts. Options are written with "_": de_at.
	c.Language = strings.ReplaceAll(text(attributes["language"]), "_", "-")
	if zone := text(attributes["timezone"]); zone != "" {
		if location, err := time.LoadLocation(zone); err == nil {
			c.Location = location
		}
	}
	return c
}

func sorted(names []string) []string {
	names = append([]string(nil), names...)
	sort.Strings(names)
	return names
}
