Welcome back, {{site.name}}, this is release 2.0
