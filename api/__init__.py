"""HTTP and pages in, HTTP and pages out; the command line stands at the top as well."""
