package deploy

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// render renders the chart with values, by the kind of what comes out.
func render(t *testing.T, values string) (map[string]string, error) {
	t.Helper()
	chart, err := loader.Load(filepath.Join(top, "deploy/helm/formwork"))
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(values), &given); err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(chart, given, chartutil.ReleaseOptions{Name: "crm", Namespace: "default"}, chartutil.DefaultCapabilities)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Engine{Strict: true}.Render(chart, all)
	kinds := map[string]string{}
	for name, text := range files {
		var head struct{ Kind string }
		if strings.HasSuffix(name, ".txt") || strings.TrimSpace(text) == "" {
			continue
		}
		if err := yaml.Unmarshal([]byte(text), &head); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		if head.Kind != "" {
			kinds[head.Kind] = text
		}
	}
	return kinds, err
}

// The chart renders to what Kubernetes knows, down to the last field, whose flags the
// program has.
func TestChart(t *testing.T) {
	for _, c := range []struct {
		name, values string
		kinds        []string
	}{
		{"as it is", ``, []string{"Service", "StatefulSet"}},
		{"all of SQLite", `{secretName: login, proxies: [10.0.0.0/8], extraArgs: [--access], backup: {to: /backup}, blobs: "s3://files/crm",
persistence: {storageClassName: fast}, ingress: {enabled: true, host: crm.example, className: nginx, tlsSecretName: crm, annotations: {a: b}}, serviceMonitor: {enabled: true, labels: {release: p}},
imagePullSecrets: [{name: pull}], podAnnotations: {a: b}, nodeSelector: {disk: ssd}, tolerations: [{key: a, operator: Exists}],
extraVolumes: [{name: backup, emptyDir: {}}], extraVolumeMounts: [{name: backup, mountPath: /backup}]}`, []string{"Ingress", "Service", "ServiceMonitor", "StatefulSet"}},
		{"MongoDB", `{secretName: login, database: {secretName: mongodb}, backup: {to: "s3://copies/crm"}}`, []string{"CronJob", "Deployment", "PodDisruptionBudget", "Service"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rendered, err := render(t, c.values)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for kind, text := range rendered {
				kinds = append(kinds, kind)
				var pod *core.PodSpec
				var into any
				switch kind {
				case "StatefulSet":
					set := &apps.StatefulSet{}
					into, pod = set, &set.Spec.Template.Spec
				case "Deployment":
					deployment := &apps.Deployment{}
					into, pod = deployment, &deployment.Spec.Template.Spec
				case "CronJob":
					job := &batch.CronJob{}
					into, pod = job, &job.Spec.JobTemplate.Spec.Template.Spec
				case "Service":
					into = &core.Service{}
				case "Ingress":
					into = &networking.Ingress{}
				case "PodDisruptionBudget":
					into = &policy.PodDisruptionBudget{}
				default:
					into = &map[string]any{}
				}
				if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
					t.Errorf("%s: %v\n%s", kind, err, text)
					continue
				}
				if pod == nil {
					continue
				}
				takes(t, kind, pod.Containers[0].Args)
				if s := pod.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot {
					t.Errorf("%s runs as root", kind)
				}
			}
			slices.Sort(kinds)
			if !slices.Equal(kinds, c.kinds) {
				t.Errorf("renders %v, want %v", kinds, c.kinds)
			}
		})
	}
	if _, err := render(t, `{database: {secretName: mongodb}, backup: {to: /backup}}`); err == nil || !strings.Contains(err.Error(), "s3://") {
		t.Errorf("a folder of a pod that is gone is taken for backups: %v", err)
	}
}
