package workspace

import (
	"context"
	"errors"
	"strings"
	"time"

	"formwork/engine/fault"
)

// Profile is what users change of themselves; nil stays as it is.
type Profile struct {
	Name     *string
	Language *string // "en", "zh", or another of the options of the user's record: "de-AT"
	TimeZone *string // an IANA name
}

// fieldOf are the fields of the user's record, by the names of the members that they are
// sent as, where these differ.
var fieldOf = map[string]string{"time_zone": "timezone"}

// UpdateProfile changes the record of the user who calls; the session goes on with what it
// knew of them. Faults: "workspace.time_zone" (Invalid) for what is no time zone, and those
// of record.Session.UpdateSelf, with pointers to the members of a profile.
func (s *Session) UpdateProfile(ctx context.Context, p Profile) error {
	patch := map[string]any{}
	if p.Name != nil {
		patch["name"] = *p.Name
	}
	if p.Language != nil {
		patch["language"] = strings.ReplaceAll(*p.Language, "-", "_") // options are written so
	}
	if p.TimeZone != nil {
		if !isTimeZone(*p.TimeZone) {
			return fault.All(fault.Invalid, "record.invalid", []*fault.Fault{fault.New(fault.Invalid, "workspace.time_zone", "value", *p.TimeZone).At("/time_zone")})
		}
		patch["timezone"] = *p.TimeZone
	}
	if len(patch) == 0 {
		return nil
	}
	return asSent(s.records.UpdateSelf(ctx, patch))
}

// isTimeZone reports whether a text names a time zone of the IANA database. "Local" would be
// that of the server, and "" none.
func isTimeZone(name string) bool {
	if name == "" || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// asSent gives the problems of a record the pointers of what was sent.
func asSent(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	for _, one := range f.Each() {
		for member, field := range fieldOf {
			if one.Pointer == "/"+field {
				one.Pointer = "/" + member
			}
		}
	}
	return f
}
