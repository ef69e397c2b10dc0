Hello {{site.name}}, this is release 1.0
