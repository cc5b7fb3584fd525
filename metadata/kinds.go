package metadata

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
)

// Package is a named, versioned set of documents that others build on.
type Package struct {
	Head
	Version  string            `json:"version"`            // semantic version
	Requires map[string]string `json:"requires,omitempty"` // package -> lowest version
	Optional bool              `json:"optional,omitempty"` // a new tenant does not begin with it
}

// Object describes one kind of record.
type Object struct {
	Head
	LabelPlural Text                      `json:"label_plural,omitempty"`
	Icon        string                    `json:"icon,omitempty"`
	NameField   string                    `json:"name_field"` // shown for the record, searched first
	Fields      map[string]*Field         `json:"fields"`
	Rules       map[string]*Rule          `json:"rules,omitempty"`
	Unique      map[string]*UniqueKey     `json:"unique,omitempty"`
	Duplicates  map[string]*DuplicateRule `json:"duplicates,omitempty"`
	Stages      *StageModel               `json:"stages,omitempty"`
	RecordTypes map[string]*RecordType    `json:"record_types,omitempty"`
	RecordType  *RecordTypeChoice         `json:"record_type,omitempty"` // how records come to their type
	FieldSets   map[string]*FieldSet      `json:"field_sets,omitempty"`  // that layouts share
	Indexes     map[string]*Index         `json:"indexes,omitempty"`
	// Visibility is what everybody with the object right sees without owning:
	// "private" (own records and those of the roles below), "read", "write".
	Visibility string `json:"visibility,omitempty"`
	// Parent names a lookup whose record decides about this one (a line item and
	// its opportunity); then Visibility must be absent.
	Parent string `json:"parent,omitempty"`
	// Untracked fields leave no trace in the history; all others do.
	Untracked []string `json:"untracked,omitempty"`
	// Search lists the text fields that words are found in; the name field when absent.
	Search []string `json:"search,omitempty"`
	// Configuration: the records are documents (see Record) and written by no one else.
	Configuration bool `json:"configuration,omitempty"`
}

// Field is the part that fields of all types share. Settings keeps the whole
// JSON object, from which the field's type reads its own settings.
type Field struct {
	Type        string          `json:"type"`
	Label       Text            `json:"label,omitempty"`
	Description Text            `json:"description,omitempty"` // for admins
	Order       int             `json:"order,omitempty"`
	Help        Text            `json:"help,omitempty"`
	Required    *Condition      `json:"required,omitempty"`
	Default     json.RawMessage `json:"default,omitempty"`      // a JSON value
	DefaultExpr string          `json:"default_expr,omitempty"` // or an expression; not both
	Unique      bool            `json:"unique,omitempty"`       // case-insensitive for text
	Indexed     bool            `json:"indexed,omitempty"`
	ReadOnly    bool            `json:"read_only,omitempty"` // for people and keys; the platform may write it
	VisibleWhen string          `json:"visible_when,omitempty"`
	Mask        string          `json:"mask,omitempty"`
	Settings    json.RawMessage `json:"-"`
	// CaseSensitive has the field, if it is unique, tell texts apart by case and width.
	CaseSensitive bool `json:"case_sensitive,omitempty"`
}

// UnmarshalJSON keeps the whole object as Settings.
func (f *Field) UnmarshalJSON(raw []byte) error {
	type plain Field
	if err := json.Unmarshal(raw, (*plain)(f)); err != nil {
		return err
	}
	f.Settings = append(json.RawMessage(nil), raw...)
	return nil
}

// MarshalJSON writes the object the field was read from.
func (f *Field) MarshalJSON() ([]byte, error) { return f.Settings, nil }

// Condition is true, false, or an expression. In JSON a boolean or a string.
type Condition struct {
	Always bool
	When   string
}

// Rule must hold whenever a record is saved.
type Rule struct {
	Description Text     `json:"description,omitempty"` // for admins
	Must        string   `json:"must"`                  // an expression; may use old
	When        string   `json:"when,omitempty"`        // only then
	Field       string   `json:"field,omitempty"`       // where the message is shown
	Message     Text     `json:"message"`
	On          []string `json:"on,omitempty"` // create, update; both when absent
	Order       int      `json:"order,omitempty"`
}

// UniqueKey allows one live record for each combination of values; text is compared
// folded (case, width, outer spaces) or, if the key is case-sensitive, as it is. A record
// with an empty value in it is not held to the key.
type UniqueKey struct {
	Description Text     `json:"description,omitempty"` // for admins
	Fields      []string `json:"fields"`
	Message     Text     `json:"message,omitempty"`
	// CaseSensitive: texts that differ in case or width are not the same.
	CaseSensitive bool `json:"case_sensitive,omitempty"`
}

// DuplicateRule finds records that are probably the same thing.
type DuplicateRule struct {
	Description Text              `json:"description,omitempty"` // for admins
	Label       Text              `json:"label,omitempty"`
	Match       map[string]*Match `json:"match"`  // every one must agree; keyed by field
	Action      string            `json:"action"` // "warn" or "refuse"
	When        string            `json:"when,omitempty"`
	Order       int               `json:"order,omitempty"`
}

// Match says how two values of a field are compared: exact, text (folded, without
// punctuation), fuzzy (text, then similarity of at least Threshold percent),
// phone (digits), email (folded), domain (of an e-mail or web address).
type Match struct {
	How       string `json:"how"`
	Threshold int    `json:"threshold,omitempty"` // 1 to 100, for fuzzy; 85 when absent
}

// StageModel says through which stages a record goes; the stages are the options
// of a picklist field.
type StageModel struct {
	Field  string            `json:"field"`
	Stages map[string]*Stage `json:"stages"`
}

// Stage is one stage. To absent: every other stage may follow.
type Stage struct {
	Description Text                   `json:"description,omitempty"` // for admins
	Order       int                    `json:"order,omitempty"`
	Outcome     string                 `json:"outcome,omitempty"`  // "open" (default), "won", "lost", "closed"
	Initial     *bool                  `json:"initial,omitempty"`  // may a record begin here? yes when absent
	Required    []string               `json:"required,omitempty"` // fields that may not be empty in this stage
	Set         map[string]string      `json:"set,omitempty"`      // field -> expression, on entering, where the caller sends nothing
	To          map[string]*Transition `json:"to,omitempty"`
}

// Transition leads from one stage to another.
type Transition struct {
	Description Text   `json:"description,omitempty"` // for admins
	When        string `json:"when,omitempty"`        // allowed only if it holds
	Message     Text   `json:"message,omitempty"`
}

// RecordType narrows an object: which options, defaults and layout apply.
type RecordType struct {
	Description Text                `json:"description,omitempty"` // for admins
	Label       Text                `json:"label,omitempty"`
	Order       int                 `json:"order,omitempty"`
	Options     map[string][]string `json:"options,omitempty"` // picklist field -> allowed options
	// Defaults and DefaultExprs, by field, come before those of the fields.
	Defaults     map[string]json.RawMessage `json:"defaults,omitempty"`
	DefaultExprs map[string]string          `json:"default_exprs,omitempty"`
	Layout       string                     `json:"layout,omitempty"`
}

// RecordTypeChoice says how records come to their type.
type RecordTypeChoice struct {
	Required bool   `json:"required,omitempty"`
	Default  string `json:"default,omitempty"` // of new records for which none is said
}

// FieldSet is a named list of fields, in order, that layouts share.
type FieldSet struct {
	Label       Text     `json:"label,omitempty"`
	Description Text     `json:"description,omitempty"` // for admins
	Fields      []string `json:"fields"`
}

// Index is asked for by hand; most are planned from views, policies and sharing.
type Index struct {
	Description Text     `json:"description,omitempty"` // for admins
	Fields      []string `json:"fields"`                // "-amount" descends
}

// Picklist is a list of options that several fields share.
type Picklist struct {
	Head
	Options map[string]*Option `json:"options"`
}

// Constant is a value that expressions read by its name. Settings keeps the whole JSON
// object, from which the type reads its own settings, such as the scale.
type Constant struct {
	Head
	Type     string          `json:"type"`
	Value    json.RawMessage `json:"value"`
	Settings json.RawMessage `json:"-"`
}

// UnmarshalJSON keeps the whole object as Settings.
func (c *Constant) UnmarshalJSON(raw []byte) error {
	type plain Constant
	if err := json.Unmarshal(raw, (*plain)(c)); err != nil {
		return err
	}
	c.Settings = append(json.RawMessage(nil), raw...)
	return nil
}

// Setting is a value that expressions read by its name, and that may be another for some
// roles and for single users. Settings is as that of a Constant.
type Setting struct {
	Head
	Type      string               `json:"type"`
	Value     json.RawMessage      `json:"value"` // of the organisation
	Overrides map[string]*Override `json:"overrides,omitempty"`
	// UserField is the field of users in which they have a value of their own.
	UserField string          `json:"user_field,omitempty"`
	Settings  json.RawMessage `json:"-"`
}

// Override is the value of a setting for users with one of some roles, or with one below them
// for which there is no other. Of several that name a role the first by order counts.
type Override struct {
	Description Text            `json:"description,omitempty"` // for admins
	Order       int             `json:"order,omitempty"`
	Roles       []string        `json:"roles"`
	Value       json.RawMessage `json:"value"`
}

// UnmarshalJSON keeps the whole object as Settings.
func (s *Setting) UnmarshalJSON(raw []byte) error {
	type plain Setting
	if err := json.Unmarshal(raw, (*plain)(s)); err != nil {
		return err
	}
	s.Settings = append(json.RawMessage(nil), raw...)
	return nil
}

// Record is a record of an object whose records are part of the configuration. A value is
// as the API takes it, but a lookup says the name of the record's document. Fields without
// one are empty.
type Record struct {
	Head
	Object string                     `json:"object"`
	Values map[string]json.RawMessage `json:"values"`
}

// Option is one choice; it is stored by its name.
type Option struct {
	Description Text   `json:"description,omitempty"` // for admins
	Label       Text   `json:"label,omitempty"`
	Color       string `json:"color,omitempty"`
	Order       int    `json:"order,omitempty"`
	Active      *bool  `json:"active,omitempty"` // absent: yes. An inactive one stays readable and can't be chosen
	// Aliases are what other systems call the option; values are read by them as by labels.
	Aliases []string `json:"aliases,omitempty"`
	// For lists the values of the controlling field under which the option is offered.
	For []string `json:"for,omitempty"`
}

// Layout is a record page.
type Layout struct {
	Head
	Object     string              `json:"object"`
	RecordType string              `json:"record_type,omitempty"`
	Device     string              `json:"device,omitempty"` // "desktop", "phone", both when absent
	Tabs       map[string]*Tab     `json:"tabs"`
	Related    map[string]*Related `json:"related,omitempty"`
	Highlights []string            `json:"highlights,omitempty"` // fields at the top of the page
}

// Tab holds sections.
type Tab struct {
	Description Text                `json:"description,omitempty"` // for admins
	Label       Text                `json:"label,omitempty"`
	Order       int                 `json:"order,omitempty"`
	VisibleWhen string              `json:"visible_when,omitempty"`
	Sections    map[string]*Section `json:"sections"`
}

// Section holds fields in columns.
type Section struct {
	Description Text   `json:"description,omitempty"` // for admins
	Label       Text   `json:"label,omitempty"`
	Order       int    `json:"order,omitempty"`
	Columns     int    `json:"columns,omitempty"` // 1 to 4; 2 when absent
	VisibleWhen string `json:"visible_when,omitempty"`
	// FieldSet names one of the object, whose fields stand behind Fields.
	FieldSet string             `json:"field_set,omitempty"`
	Fields   map[string]*Placed `json:"fields"`
}

// Placed is a field on a layout.
type Placed struct {
	Description  Text   `json:"description,omitempty"` // for admins
	Order        int    `json:"order,omitempty"`
	Wide         bool   `json:"wide,omitempty"`
	VisibleWhen  string `json:"visible_when,omitempty"`
	RequiredWhen string `json:"required_when,omitempty"`
	ReadOnlyWhen string `json:"read_only_when,omitempty"`
}

// Related is a list of records that look up to the one shown.
type Related struct {
	Description Text     `json:"description,omitempty"` // for admins
	Label       Text     `json:"label,omitempty"`
	Order       int      `json:"order,omitempty"`
	Tab         string   `json:"tab,omitempty"` // of the layout; "": below all of them
	VisibleWhen string   `json:"visible_when,omitempty"`
	Object      string   `json:"object"`
	Lookup      string   `json:"lookup"` // the field of Object that points here
	Filter      string   `json:"filter,omitempty"`
	Columns     []string `json:"columns"`
	Sort        []string `json:"sort,omitempty"`
}

// View is a saved list.
type View struct {
	Head
	Object  string   `json:"object"`
	Filter  string   `json:"filter,omitempty"`
	Columns []string `json:"columns"`
	Sort    []string `json:"sort,omitempty"`  // "-amount" descends
	Group   string   `json:"group,omitempty"` // a kanban's columns, a chart's groups
	Show    string   `json:"show"`            // "table", "kanban", "calendar", "timeline", "gallery", "chart"
	Order   int      `json:"order,omitempty"`
	// Sum is what is told of all records of the list, or of each group of a kanban or a chart.
	Sum []Measure `json:"sum,omitempty"`
	// Start and End are own fields, dates or instants both: when a record is in a calendar or
	// on a timeline. Without Start it is the first such column; without End a record is there
	// at its start.
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
	// Picture is an own field of pictures, of which a gallery shows the first.
	Picture string `json:"picture,omitempty"`
	// Chart is how a chart draws: "bar" (when absent), "line", "pie", or "number".
	Chart string `json:"chart,omitempty"`
	// By is the part of the calendar by which a chart groups dates: "day", "week", "month",
	// "quarter", "year".
	By string `json:"by,omitempty"`
}

// Measure is what an aggregation tells of several records. A text alone is the path of a
// field that is added up.
type Measure struct {
	Op      string `json:"op"`
	Field   string `json:"field,omitempty"`   // a path; of count: records in which it is not empty
	Percent int    `json:"percent,omitempty"` // of percentile: 1 to 99
	Filter  string `json:"filter,omitempty"`  // which records are measured; all when empty
	As      string `json:"as,omitempty"`      // its name, if not that of Name
}

// Name is what the measure is called: as it says, or else op, op_field or p90_field.
func (m Measure) Name() string {
	switch {
	case m.As != "":
		return m.As
	case m.Field == "":
		return m.Op
	case m.Op == "percentile":
		return fmt.Sprintf("p%d_%s", m.Percent, m.Field)
	}
	return m.Op + "_" + m.Field
}

// UnmarshalJSON reads a measure, or the path of a field that is added up.
func (m *Measure) UnmarshalJSON(raw []byte) error {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '"' {
		*m = Measure{Op: "sum"}
		return json.Unmarshal(raw, &m.Field)
	}
	type plain Measure
	return json.Unmarshal(raw, (*plain)(m))
}

// App is navigation.
type App struct {
	Head
	Icon  string             `json:"icon,omitempty"`
	Order int                `json:"order,omitempty"`
	Items map[string]*AppTab `json:"items"`
}

// AppTab is one entry of an app's navigation.
type AppTab struct {
	Description Text   `json:"description,omitempty"` // for admins
	Label       Text   `json:"label,omitempty"`
	Order       int    `json:"order,omitempty"`
	Object      string `json:"object"`
	View        string `json:"view,omitempty"`
}

// Dashboard is a page of widgets. The first one that somebody is shown is where they begin.
type Dashboard struct {
	Head
	Icon    string             `json:"icon,omitempty"`
	Order   int                `json:"order,omitempty"`
	Widgets map[string]*Widget `json:"widgets"`
}

// Widget is a part of a dashboard: records of an object, what is measured of them, or what
// belongs to the reader.
type Widget struct {
	Description Text      `json:"description,omitempty"` // for admins
	Label       Text      `json:"label,omitempty"`
	Order       int       `json:"order,omitempty"`
	Width       int       `json:"width,omitempty"` // of the four columns of the page: 1 to 4; 2 when absent
	Type        string    `json:"type"`            // "list", "number", "chart"; of the reader's: "approvals", "changes", "recent"
	Object      string    `json:"object,omitempty"`
	Filter      string    `json:"filter,omitempty"`
	Columns     []string  `json:"columns,omitempty"` // of a list
	Sort        []string  `json:"sort,omitempty"`    // of a list
	Limit       int       `json:"limit,omitempty"`   // of a list and what is the reader's: 1 to 50 lines; 5 when absent
	Group       string    `json:"group,omitempty"`   // of a chart
	By          string    `json:"by,omitempty"`      // as in View
	Chart       string    `json:"chart,omitempty"`   // as in View
	Sum         []Measure `json:"sum,omitempty"`     // of a number and a chart; the number of records when absent
}

// Role is a place in the reporting tree; users in it see what users in the roles
// below it own.
type Role struct {
	Head
	Parent string `json:"parent,omitempty"`
}

// Permission is a set of rights; a user's rights are the union of their sets.
type Permission struct {
	Head
	Includes []string                 `json:"includes,omitempty"` // other sets, whose rights it gives as well
	Objects  map[string]*ObjectRights `json:"objects,omitempty"`  // "*" for every object
	System   []string                 `json:"system,omitempty"`   // see SystemRights
}

// ObjectRights are rights on the records of an object and on its fields.
type ObjectRights struct {
	Description Text `json:"description,omitempty"` // for admins
	Create      bool `json:"create,omitempty"`
	Read        bool `json:"read,omitempty"`
	Update      bool `json:"update,omitempty"`
	Delete      bool `json:"delete,omitempty"`
	// ReadAll and WriteAll pass by owners, roles and sharing.
	ReadAll  bool `json:"read_all,omitempty"`
	WriteAll bool `json:"write_all,omitempty"`
	// Fields: "edit", "read", "masked" or "none" by field, "*" for those not named; all "edit" when absent.
	Fields map[string]string `json:"fields,omitempty"`
}

// On are the set's rights on an object; nil for none.
func (p *Permission) On(object string) *ObjectRights {
	if r := p.Objects[object]; r != nil {
		return r
	}
	return p.Objects["*"]
}

// Level is what the rights give on a field: "edit", "read", "masked" or "none". The last two give
// nothing of its value; of the former its mask, if it has one, leaves something to be shown.
func (r *ObjectRights) Level(field string) string {
	if r.Fields == nil {
		return "edit"
	}
	return cmp.Or(r.Fields[field], r.Fields["*"], "none")
}

// SystemRights are rights on the platform itself.
var SystemRights = []string{"manage_metadata", "manage_users", "manage_permissions", "manage_keys", "view_setup", "import", "import_stages", "export", "merge", "purge", "share_views", "api"}

// Sharing widens what its holders may do with the records that meet a condition.
type Sharing struct {
	Head
	Object string   `json:"object"`
	When   string   `json:"when,omitempty"` // an expression on the record; all records when absent
	To     *Holders `json:"to"`
	Access string   `json:"access"` // "read" or "write"
}

// Holders says who: any one that fits. Roles includes the roles below them.
type Holders struct {
	Everyone    bool     `json:"everyone,omitempty"`
	Roles       []string `json:"roles,omitempty"`
	Permissions []string `json:"permissions,omitempty"`
	Teams       []string `json:"teams,omitempty"` // names of records of the object team
	// Users is an expression on the user: user.region == "west". It must not read the record.
	Users string `json:"users,omitempty"`
	// Match pairs a field of the record (a path) with a field of the user; both equal and not empty.
	Match map[string]string `json:"match,omitempty"`
}

// Policy is Rego of a tenant's own: rules named allow (widens) or deny (narrows)
// in package formwork.custom.<name>, over input.user, input.action and
// input.record.<field>; only what compiles to a filter is accepted.
type Policy struct {
	Head
	Object string `json:"object"`
	Rego   string `json:"rego"`
}
