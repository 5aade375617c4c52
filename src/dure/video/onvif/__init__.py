"""Cameras and recorders by ONVIF: found on the camera networks, asked what they have, and turned.

A small client of our own (SOAP 1.2 with lxml and httpx): onvif-zeep-async would bring zeep, aiohttp and all WSDLs of
ONVIF for the dozen calls that are made here.
"""
