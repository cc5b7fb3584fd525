package metadata_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"formwork/metadata"
)

func TestUpgrade(t *testing.T) {
	const old = `{"kind":"object","name":"a","label":"A","fields":{"x":{"type":"text","label":"X"},"y":{"type":"date"}}}`
	hide := "hide"
	for _, c := range []struct{ name, old, new, overlay, want, conflicts, theirs string }{
		{name: "both change different things", old: old,
			new:     `{"kind":"object","name":"a","label":"A2","fields":{"x":{"type":"text","label":"X"},"y":{"type":"date"},"z":{"type":"tags"}}}`,
			overlay: `{"kind":"object","name":"a","fields":{"x":{"label":"Mine"},"w":{"type":"url"}}}`,
			want:    `{"kind":"object","name":"a","fields":{"w":{"type":"url"},"x":{"label":"Mine"}}}`},
		{name: "both change the same to the same", old: old,
			new:     strings.Replace(old, `"X"`, `"Mine"`, 1),
			overlay: `{"kind":"object","name":"a","fields":{"x":{"label":"Mine"}}}`,
			want:    ``},
		{name: "both change the same differently", old: old,
			new:       strings.Replace(old, `"X"`, `"Theirs"`, 1),
			overlay:   `{"kind":"object","name":"a","fields":{"x":{"label":"Mine","help":"H"}}}`,
			want:      `{"kind":"object","name":"a","fields":{"x":{"label":"Mine","help":"H"}}}`,
			conflicts: `object/a/fields/x/label "X" "Theirs" "Mine"`,
			theirs:    `{"kind":"object","name":"a","fields":{"x":{"help":"H"}}}`},
		{name: "the tenant removes what the package changes", old: old,
			new:       strings.Replace(old, `"X"`, `"Theirs"`, 1),
			overlay:   `{"kind":"object","name":"a","fields":{"x":null}}`,
			want:      `{"kind":"object","name":"a","fields":{"x":null}}`,
			conflicts: `object/a/fields/x {"type":"text","label":"X"} {"type":"text","label":"Theirs"} `,
			theirs:    ``},
		{name: "the package removes what the tenant changes", old: old,
			new:       `{"kind":"object","name":"a","label":"A","fields":{"y":{"type":"date"}}}`,
			overlay:   `{"kind":"object","name":"a","fields":{"x":{"label":"Mine"}}}`,
			want:      `{"kind":"object","name":"a","fields":{"x":{"type":"text","label":"Mine"}}}`,
			conflicts: `object/a/fields/x {"type":"text","label":"X"}  {"type":"text","label":"Mine"}`,
			theirs:    ``},
		{name: "both remove the same", old: old,
			new:     `{"kind":"object","name":"a","label":"A","fields":{"y":{"type":"date"}}}`,
			overlay: `{"kind":"object","name":"a","label":"L","fields":{"x":null}}`,
			want:    `{"kind":"object","name":"a","label":"L"}`},
		{name: "only the package removes", old: old,
			new:     `{"kind":"object","name":"a","label":"A","fields":{"y":{"type":"date"}}}`,
			overlay: `{"kind":"object","name":"a","label":"L"}`,
			want:    `{"kind":"object","name":"a","label":"L"}`},
		{name: "both add a map with other entries", old: old,
			new:     strings.Replace(old, `"fields"`, `"rules":{"p":{"must":"x"}},"fields"`, 1),
			overlay: `{"kind":"object","name":"a","rules":{"t":{"must":"y"}}}`,
			want:    `{"kind":"object","name":"a","rules":{"t":{"must":"y"}}}`},
		{name: "both add an entry of one name", old: old,
			new:       strings.Replace(old, `"y"`, `"z":{"type":"text","max_length":3},"y"`, 1),
			overlay:   `{"kind":"object","name":"a","fields":{"z":{"type":"date"}}}`,
			want:      `{"kind":"object","name":"a","fields":{"z":{"type":"date","max_length":null}}}`,
			conflicts: `object/a/fields/z  {"type":"text","max_length":3} {"type":"date"}`,
			theirs:    ``},
		{name: "the package drops a document the tenant changed", old: old, new: ``,
			overlay:   `{"kind":"object","name":"a","label":"Mine","fields":{"x":null}}`,
			want:      `{"kind":"object","name":"a","label":"Mine","fields":{"y":{"type":"date"}}}`,
			conflicts: `object/a {"kind":"object","name":"a","label":"A","fields":{"x":{"type":"text","label":"X"},"y":{"type":"date"}}}  {"kind":"object","name":"a","label":"Mine","fields":{"y":{"type":"date"}}}`,
			theirs:    ``},
		{name: "the tenant hid a document that the package changes", old: old, new: strings.Replace(old, `"X"`, `"Theirs"`, 1), overlay: hide, want: `null`,
			conflicts: `object/a ` + canonicalText(old) + ` ` + canonicalText(strings.Replace(old, `"X"`, `"Theirs"`, 1)) + ` `, theirs: ``},
		{name: "the tenant hid a document that stays", old: old, new: old, overlay: hide, want: `null`},
		{name: "the tenant hid a document that goes", old: old, new: ``, overlay: hide, want: ``},
		{name: "a document of the tenant's own", old: ``, new: ``, overlay: old, want: canonicalText(old)},
		{name: "both add the same document", old: ``, new: old, overlay: old, want: ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			layer := func(raw string) []metadata.Document {
				switch raw {
				case "":
					return nil
				case hide:
					return []metadata.Document{metadata.Hide(metadata.Key{Kind: "object", Name: "a"})}
				}
				return documents(t, raw)
			}
			upgraded, conflicts := metadata.Upgrade(layer(c.old), layer(c.new), layer(c.overlay))
			var list []string
			decisions := map[string]string{}
			for _, x := range conflicts {
				list = append(list, x.Path()+" "+string(x.Base)+" "+string(x.Theirs)+" "+string(x.Ours))
				decisions[x.Path()] = metadata.Theirs
			}
			if got := strings.Join(list, "\n"); got != c.conflicts {
				t.Errorf("conflicts\n%s\nwant\n%s", got, c.conflicts)
			}
			if got := only(upgraded); got != c.want {
				t.Errorf("overlay %s, want %s", got, c.want)
			}
			if len(conflicts) == 0 {
				return
			}
			if _, problems := metadata.Decide(layer(c.new), upgraded, conflicts, nil); len(problems) != len(conflicts) {
				t.Errorf("undecided: %v", problems)
			}
			theirs, problems := metadata.Decide(layer(c.new), upgraded, conflicts, decisions)
			if got := only(theirs); problems != nil || got != c.theirs {
				t.Errorf("theirs %s (%v), want %s", got, problems, c.theirs)
			}
			for path := range decisions {
				decisions[path] = metadata.Ours
			}
			ours, problems := metadata.Decide(layer(c.new), upgraded, conflicts, decisions)
			if problems != nil || only(ours) != only(upgraded) {
				t.Errorf("ours %s (%v)", only(ours), problems)
			}
			decisions["object/zzz"] = metadata.Ours
			if _, problems := metadata.Decide(layer(c.new), upgraded, conflicts, decisions); len(problems) != 1 || problems[0].Code != "metadata.no_such_conflict" {
				t.Errorf("a decision about nothing: %v", problems)
			}
		})
	}
}

func canonicalText(raw string) string {
	d, _ := metadata.Parse([]byte(raw))
	return string(d.Body)
}

func only(list []metadata.Document) string {
	if len(list) == 0 {
		return ""
	}
	return string(list[0].Body)
}

// randomBody makes a document with random members.
func randomBody(r *rand.Rand) json.RawMessage {
	body, ok := value(r, 4).(map[string]any)
	if !ok {
		body = map[string]any{}
	}
	body["kind"], body["name"] = "object", "a"
	return metadata.Canonical(body)
}

// leaves are the scalars, arrays and empty objects of a document, by pointer.
func leaves(t *testing.T, from, to metadata.Document) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, change := range metadata.Diff([]metadata.Document{from}, []metadata.Document{to}) {
		for _, part := range change.Parts {
			all[part.Pointer] = string(part.To)
		}
	}
	return all
}

// For random documents: what only one side changed is in the result, what neither
// changed stays, and what both changed differently is in a conflict.
func TestUpgradeLosesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	key := metadata.Key{Kind: "object", Name: "a"}
	conflicted := 0
	for range 5_000 {
		old := metadata.Document{Key: key, Body: randomBody(r)}
		theirs := change(t, r, old)
		ours := change(t, r, old)
		overlay, has := metadata.Overlay(&old, &ours)
		if !has {
			continue
		}
		upgraded, conflicts := metadata.Upgrade([]metadata.Document{old}, []metadata.Document{theirs}, []metadata.Document{overlay})
		effective := metadata.Effective([]metadata.Document{theirs}, upgraded)
		if len(effective) != 1 {
			t.Fatalf("effective %v", effective)
		}
		conflicted += len(conflicts)
		inConflict := func(pointer string) bool {
			for _, c := range conflicts {
				if within(pointer, c.Pointer) || within(c.Pointer, pointer) {
					return true
				}
			}
			return false
		}
		differs := leaves(t, effective[0], ours)
		for pointer := range differs {
			_, changedByThem := overlapping(leaves(t, old, theirs), pointer)
			if !changedByThem {
				t.Fatalf("at %s the tenant's is lost\nold    %s\ntheirs %s\nours   %s\nresult %s", pointer, old.Body, theirs.Body, ours.Body, effective[0].Body)
			}
		}
		for pointer := range leaves(t, effective[0], theirs) {
			_, changedByUs := overlapping(leaves(t, old, ours), pointer)
			if !changedByUs && !inConflict(pointer) {
				t.Fatalf("at %s the package's is lost\nold    %s\ntheirs %s\nours   %s\nresult %s", pointer, old.Body, theirs.Body, ours.Body, effective[0].Body)
			}
		}
		decisions := map[string]string{}
		for _, c := range conflicts {
			decisions[c.Path()] = metadata.Theirs
		}
		decided, problems := metadata.Decide([]metadata.Document{theirs}, upgraded, conflicts, decisions)
		if problems != nil {
			t.Fatal(problems)
		}
		again, rest := metadata.Upgrade([]metadata.Document{theirs}, []metadata.Document{theirs}, decided)
		if len(rest) != 0 || bodies(again) != bodies(decided) {
			t.Fatalf("the decided overlay is not minimal: %s, %s", bodies(decided), bodies(again))
		}
	}
	if conflicted == 0 {
		t.Fatal("no conflict was tried")
	}
}

func within(pointer, of string) bool { return pointer == of || strings.HasPrefix(pointer, of+"/") }

func overlapping(changes map[string]string, pointer string) (string, bool) {
	for p := range changes {
		if within(p, pointer) || within(pointer, p) {
			return p, true
		}
	}
	return "", false
}

// change makes a document that is like another but for some places.
func change(t *testing.T, r *rand.Rand, d metadata.Document) metadata.Document {
	t.Helper()
	patch, ok := value(r, 3).(map[string]any)
	if !ok {
		return d
	}
	delete(patch, "kind")
	delete(patch, "name")
	for key := range patch {
		if r.IntN(3) == 0 {
			patch[key] = nil
		}
	}
	body, err := metadata.Merge(d.Body, metadata.Canonical(patch))
	if err != nil {
		t.Fatal(err)
	}
	return metadata.Document{Key: d.Key, Body: body}
}
