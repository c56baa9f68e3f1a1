package main

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// live is a cluster that holds the given objects and nothing else, for the template function `lookup`. It is the
// client provider of both versions of Helm.
type live struct {
	objects []unstructured.Unstructured
}

// liveObjects are the objects of a case; one without a namespace is in that of the release.
func liveObjects(c *testCase) live {
	var l live
	for _, o := range c.Secrets {
		object := unstructured.Unstructured{Object: o}
		if object.GetNamespace() == "" {
			object.SetNamespace(c.Namespace)
		}
		l.objects = append(l.objects, object)
	}
	return l
}

// GetClientFor implements the client provider of Helm's engines.
func (l live) GetClientFor(apiVersion, kind string) (dynamic.NamespaceableResourceInterface, bool, error) {
	return liveKind{live: l, apiVersion: apiVersion, kind: kind}, true, nil
}

// liveKind answers for the objects of one kind. Only Get and List are ever called by `lookup`; the embedded interface
// is nil, so any other call would be a panic, which becomes the error of the case.
type liveKind struct {
	dynamic.NamespaceableResourceInterface
	live
	apiVersion, kind, namespace string
}

// Namespace implements dynamic.NamespaceableResourceInterface.
func (k liveKind) Namespace(namespace string) dynamic.ResourceInterface {
	k.namespace = namespace
	return k
}

func (k liveKind) has(o *unstructured.Unstructured) bool {
	return o.GetAPIVersion() == k.apiVersion && o.GetKind() == k.kind && (k.namespace == "" || o.GetNamespace() == k.namespace)
}

// Get implements dynamic.ResourceInterface. It hands out a copy: a template may change what it looked up.
func (k liveKind) Get(_ context.Context, name string, _ metav1.GetOptions, _ ...string) (*unstructured.Unstructured, error) {
	for i := range k.objects {
		if o := &k.objects[i]; k.has(o) && o.GetName() == name {
			return o.DeepCopy(), nil
		}
	}
	gvk := schema.FromAPIVersionAndKind(k.apiVersion, k.kind)
	return nil, apierrors.NewNotFound(schema.GroupResource{Group: gvk.Group, Resource: gvk.Kind}, name)
}

// List implements dynamic.ResourceInterface.
func (k liveKind) List(context.Context, metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": k.apiVersion, "kind": k.kind + "List"}}
	for i := range k.objects {
		if o := &k.objects[i]; k.has(o) {
			list.Items = append(list.Items, *o.DeepCopy())
		}
	}
	return list, nil
}
