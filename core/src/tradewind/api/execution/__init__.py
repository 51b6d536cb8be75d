"""The execution API: the lifecycle of tries over HTTP, for workers that do without the metadata database."""
