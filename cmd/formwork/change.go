package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"formwork/engine/api"
	"formwork/metadata"
)

// changing is what plan and apply have in common.
type changing struct {
	where
	folder
	Merge bool     `help:"Keep what the tenant's own documents say and the folder does not speak of; otherwise a document replaces them."`
	Prune bool     `help:"Remove the tenant's own documents that are not in the folder."`
	Allow []string `help:"What may be destroyed, as plan names it." placeholder:"PATH" sep:","`
}

type planCommand struct{ changing }

// Run shows what apply would do. It fails if apply would.
func (c *planCommand) Run(p *program) error {
	wanted, err := c.documents()
	if err != nil {
		return err
	}
	to, err := c.configuration(p)
	if err != nil {
		return err
	}
	defer to.Close()
	own, err := to.Own(p.ctx)
	if err != nil {
		return err
	}
	change := changeTo(wanted, own, c.Prune)
	change.Allow, change.Merge = c.Allow, c.Merge
	plan, err := to.Plan(p.ctx, change)
	if err != nil {
		return err
	}
	return p.showPlan(plan)
}

// showPlan prints a plan, and returns what would keep it from being carried out.
func (p *program) showPlan(plan api.Plan) error {
	p.showChanges(plan.Changes)
	refused := p.showImpact(plan.Impact)
	p.showWarnings(plan.Warnings)
	for _, problem := range plan.Problems {
		fmt.Fprintln(p.out, problem)
	}
	if n := len(plan.Problems); n > 0 {
		return errors.New(plural(n, "problem"))
	}
	return allowed(refused)
}

// allowed is nil if nothing is refused, of what would be destroyed.
func allowed(refused int) error {
	switch refused {
	case 0:
		return nil
	case 1:
		return errors.New("1 thing would be destroyed; name it with --allow")
	}
	return fmt.Errorf("%d things would be destroyed; name them with --allow", refused)
}

type applyCommand struct {
	changing
	Message string `short:"m" help:"What the change is for; kept with the revision."`
}

// Run makes the change.
func (c *applyCommand) Run(p *program) error {
	wanted, err := c.documents()
	if err != nil {
		return err
	}
	to, err := c.configuration(p)
	if err != nil {
		return err
	}
	own, err := to.Own(p.ctx)
	if err != nil {
		return errors.Join(err, to.Close())
	}
	change := changeTo(wanted, own, c.Prune)
	change.Allow, change.Merge, change.Message = c.Allow, c.Merge, c.Message
	applied, err := to.Apply(p.ctx, change)
	if err != nil {
		return errors.Join(err, to.Close())
	}
	p.showChanges(applied.Changes)
	p.showImpact(applied.Impact)
	p.showWarnings(applied.Warnings)
	fmt.Fprintf(p.out, "revision %d\n", applied.Revision)
	return to.Close()
}

type diffCommand struct {
	where
	folder
}

// Run shows how the folder differs from the tenant's own documents: "+" is what
// apply would bring, "-" what only the tenant has.
func (c *diffCommand) Run(p *program) error {
	wanted, err := c.documents()
	if err != nil {
		return err
	}
	of, err := c.configuration(p)
	if err != nil {
		return err
	}
	defer of.Close()
	own, err := of.Own(p.ctx)
	if err != nil {
		return err
	}
	p.showChanges(metadata.Diff(own, wanted))
	return nil
}

type exportCommand struct {
	where
	folder
}

// Run writes the tenant's own documents. Files of documents that the tenant no
// longer has are removed from the folder, others left alone.
func (c *exportCommand) Run(p *program) error {
	of, err := c.configuration(p)
	if err != nil {
		return err
	}
	defer of.Close()
	own, err := of.Own(p.ctx)
	if err != nil {
		return err
	}
	files := metadata.WriteFiles(own)
	if err := removeOthers(c.Folder, files); err != nil {
		return err
	}
	if err := writeInto(c.Folder, files); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	fmt.Fprintln(p.out, plural(len(files), "document"))
	return nil
}

// writeInto writes files into a folder, and nowhere else whatever their names and the links
// in the folder are.
func writeInto(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, content := range files {
		name = filepath.FromSlash(name)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// removeOthers removes the documents of a folder that are not among files. It
// refuses a folder that holds something else.
func removeOthers(folder string, files map[string][]byte) error {
	if entries, err := os.ReadDir(folder); errors.Is(err, os.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	old, problems := metadata.ReadFiles(os.DirFS(folder))
	if len(problems) > 0 {
		return fmt.Errorf("%s holds other things than documents: %w", folder, problems[0])
	}
	for _, d := range old {
		name := d.Kind + "/" + d.Name + ".json"
		if _, kept := files[name]; kept {
			continue
		}
		if err := os.Remove(filepath.Join(folder, filepath.FromSlash(name))); err != nil {
			return fmt.Errorf("removing an old document: %w", err)
		}
	}
	return nil
}

var signs = map[string]string{"added": "+", "removed": "-", "changed": "~"}

// showChanges prints changes, one place a line.
func (p *program) showChanges(changes []metadata.Change) {
	if len(changes) == 0 {
		fmt.Fprintln(p.out, "nothing changes")
	}
	for _, c := range changes {
		fmt.Fprintf(p.out, "%s %s\n", signs[c.Change], c.Key)
		if c.Change != "changed" {
			continue
		}
		for _, part := range c.Parts {
			fmt.Fprintf(p.out, "    %s: %s -> %s\n", part.Pointer, shown(part.From), shown(part.To))
		}
	}
}

// shown is a JSON value, shortened for one line.
func shown(raw []byte) string {
	if raw == nil {
		return "(none)"
	}
	if text := []rune(string(raw)); len(text) > 100 {
		return string(text[:100]) + "…"
	}
	return string(raw)
}

// showWarnings prints what a change allows and probably should not.
func (p *program) showWarnings(all []api.Finding) {
	for _, warning := range all {
		fmt.Fprintln(p.out, "warning:", warning)
	}
}

// showImpact prints effects on live data, and returns how many are refused.
func (p *program) showImpact(all []api.Impact) (refused int) {
	for _, i := range all {
		line := i.Class + " " + i.Path + ": " + i.Detail
		if i.Records != nil {
			line += " (" + plural(int(*i.Records), "record") + ")"
		}
		fmt.Fprintln(p.out, line)
		if i.Class == "destructive" && !i.Allowed {
			refused++
		}
	}
	return refused
}
