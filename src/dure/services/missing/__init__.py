"""Missing people who need protection (실종아동등): children, people with an intellectual, autistic or mental
disability, people with dementia.

Around an incident of the kind `missing_person`: who is missing and who asks (in the vault), on what ground pictures may
be given, the trail of places where they were last known to be, each with its time and source, and a photo that named
agencies may see for a limited time. It ends with erasure: the keys of photo and trail are destroyed, and only what was
provided to whom, when and why stays.
"""
